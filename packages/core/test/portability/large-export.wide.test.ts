import { afterAll, beforeAll, expect, it } from 'vitest'
import { type CompiledCore, compileCore } from '../compiled-core.js'

let core: CompiledCore
beforeAll(async () => {
  core = await compileCore()
})
afterAll(() => core.remove())

it('takes little memory for an export of a gigabyte', async () => {
  const { bytes, lines, heap } = await core.run<{ bytes: number; lines: number; heap: number }>(
    `
    const { createSessions, memoryStore } = await load('index.js')
    const inner = memoryStore()
    const count = 2200
    const text = 'words and words '.repeat(31250)
    const payload = JSON.stringify({ role: 'user', content: text, tokens: 1 })
    // A store of a gigabyte that holds none of it: each page is made when it is read.
    const record = (found) => found && { ...found, record: { ...found.record, lastSeq: count } }
    const store = {
      ...inner,
      read: async (...args) => record(await inner.read(...args)),
      messages: async (_, { after = 0, before }) => {
        const messages = []
        for (let seq = after + 1; seq < before && messages.length < 8; seq++) {
          messages.push({ seq, id: 'm' + seq, at: 1, payload: payload.replace('words', 'w' + seq) })
        }
        return { messages, more: true }
      },
    }
    const session = await createSessions({ store }).for({ tenantId: 'acme', userId: 'alice' }).create()
    let bytes = 0, lines = 0, heap = 0
    for await (const line of session.export()) {
      bytes += line.length
      lines++
      heap = Math.max(heap, process.memoryUsage().heapUsed)
    }
    console.log(JSON.stringify({ bytes, lines, heap }))
    `,
    ['--max-old-space-size=100'],
  )
  expect(lines).toBe(2203)
  expect(bytes).toBeGreaterThan(2 ** 30)
  expect(heap).toBeLessThan(100 * 2 ** 20)
}, 120_000)
