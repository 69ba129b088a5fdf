import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { apiFixture } from '../../src/testing.js'

function scene() {
  const inner = memoryStore()
  const pages: number[] = []
  const failing = { after: Number.POSITIVE_INFINITY }
  const store: typeof inner = {
    ...inner,
    messages: async (ref, query) => {
      pages.push(query.after ?? 0)
      if (pages.length > failing.after) throw new Error('away')
      return inner.messages(ref, query)
    },
  }
  const sessions = createSessions({ store, limits: { maxMessageLength: 1_000_000 }, onWarning: () => {} })
  const api = apiFixture({ sessions })
  const get = (path: string, who: string, headers: Record<string, string> = {}) =>
    api.handle(
      new Request(`https://api.test${path}`, { headers: { authorization: `Bearer ${who}`, ...headers } }),
    )
  return { sessions, pages, failing, get }
}

const mine = { tenantId: 'acme', userId: 'alice' }

it('reads a page of the store when the client has room for it', async () => {
  const { sessions, pages, get } = scene()
  const large = 'x'.repeat(200_000)
  const messages = Array.from({ length: 60 }, () => ({ role: 'user' as const, content: large }))
  const session = await sessions.for(mine).create({ messages })
  const response = await get(`/sessions/${session.id}/export`, 'acme/alice')
  const reader = response.body!.getReader()
  await reader.read()
  // A page holds 4 MiB: twenty such messages.
  const first = pages.length
  expect(first).toBeLessThanOrEqual(1)
  let bytes = 0
  for (let pieces = 0; pieces < 5; pieces++) bytes += (await reader.read()).value!.length
  expect(bytes).toBeGreaterThan(900_000)
  expect(pages.length).toBe(1)
  await reader.cancel()
  expect(pages.length).toBe(1)
})

it('cuts the connection where the store fails, and never ends as if it were whole', async () => {
  const { sessions, failing, get } = scene()
  const messages = Array.from({ length: 500 }, (_, index) => ({
    role: 'user' as const,
    content: `m${index}`,
  }))
  const session = await sessions.for(mine).create({ messages })
  failing.after = 1
  const response = await get(`/sessions/${session.id}/export`, 'acme/alice')
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow()
})
