import { memoryStore } from '@sessions/core'
import { waitUntil } from '@sessions/testkit'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { tool } from '../src/tools/tool.js'
import { startServer } from './server.js'

it('tells a tool that its caller has left while the session was found', async () => {
  const seen: boolean[] = []
  const store = memoryStore()
  let gate = Promise.resolve()
  let open = (): void => {}
  let reads = 0
  let closed = 0
  const server = await startServer({
    onRequest: ({ socket }) => socket.once('close', () => closed++),
    session: {
      store: {
        ...store,
        async read(...given) {
          reads++
          await gate
          return store.read(...given)
        },
      },
    },
    tools: [
      tool({
        name: 'look_around',
        description: 'For tests.',
        input: z.strictObject({}),
        isRead: true,
        async execute(_, { signal }) {
          seen.push(signal.aborted)
          return {}
        },
      }),
    ],
  })
  const client = server.client()
  await client.run('add_to_cart', { sku: 'NW-LAMP' })
  await client.run('look_around')
  const before = reads
  gate = new Promise((resolve) => (open = resolve))
  const leaving = new AbortController()
  const call = fetch(`${server.url}/v1/execute`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Session-Id': client.credential! },
    body: JSON.stringify({ tool: 'look_around' }),
    signal: leaving.signal,
  })
  await waitUntil(() => reads > before, { what: 'a read' })
  leaving.abort()
  await expect(call).rejects.toThrow()
  await waitUntil(() => closed > 0, { what: 'the end of the connection' })
  open()
  await waitUntil(() => seen.length === 2, { what: 'the tool' })
  expect(seen).toEqual([false, true])
  await server.close()
})
