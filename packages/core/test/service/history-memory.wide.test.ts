import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CompiledCore, compileCore } from '../compiled-core.js'

// Says that something hangs: it compiles, and works through a hundred megabytes.
const hangMs = 300_000

let core: CompiledCore
beforeAll(async () => {
  core = await compileCore()
}, hangMs)
afterAll(() => core.remove())

// A store that keeps nothing: what a session says is made when it is read.
const bigStore = `
const { createSessions } = await load('index.js')
const { newBody, encodeBody } = await load('domain/session-body.js')
const recordOf = ({ tenantId, id }, lastSeq) => ({
  tenantId, id, incarnation: 'one', revision: 1, changes: 1, createdAt: 1, updatedAt: 1, activeAt: 1,
  lastSeq, trimmedSeq: 0, userId: 'alice',
})
function madeStore(count, contentOf) {
  const body = encodeBody(newBody(), 1e6)
  const message = (ref, seq) => ({
    seq, id: 'm' + seq, at: Date.now(),
    payload: JSON.stringify({ role: seq % 2 ? 'user' : 'assistant', content: contentOf(ref, seq), tokens: Math.ceil(contentOf(ref, seq).length / 4) }),
  })
  return {
    async read(ref, { tail = 0 } = {}) {
      const messages = []
      for (let seq = Math.max(1, count - tail + 1); seq <= count; seq++) messages.push(message(ref, seq))
      return { record: recordOf(ref, count), body, messages }
    },
    async messages(ref, { after = 0, before = count + 1, limit, order = 'asc' }) {
      const seqs = []
      for (let seq = after + 1; seq < before && seq <= count; seq++) seqs.push(seq)
      if (order === 'desc') seqs.reverse()
      return { messages: seqs.slice(0, limit).map((seq) => message(ref, seq)), more: seqs.length > limit }
    },
    async commit(ref) {
      return { record: recordOf(ref, count), messages: [] }
    },
  }
}
const inUse = () => {
  gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
`

describe('what is kept between contexts', { timeout: hangMs }, () => {
  it('fits 256 MB of heap for anybody who brings two million distinct words, however often', async () => {
    const { sessions } = await core.run<{ sessions: number }>(
      `${bigStore}
      const store = madeStore(4, ({ id }, seq) => {
        const words = []
        for (let index = 0; index < 50_000; index++) words.push('w' + id.slice(-3) + seq + index.toString(36))
        return words.join(' ')
      })
      const service = createSessions({ store, onWarning: () => {} })
      let sessions = 0
      for (; sessions < 40; sessions++) {
        const session = await service.for({ tenantId: 'acme', userId: 'alice' }).get('session-' + (100 + sessions))
        await session.context({ maxTokens: 1_000_000, query: 'w1 w2' })
      }
      console.log(JSON.stringify({ sessions }))`,
      ['--max-old-space-size=256', '--expose-gc'],
    )
    expect(sessions).toBe(40)
  })

  it('fits 256 MB of heap for a thousand sessions in use', async () => {
    const { megabytes } = await core.run<{ megabytes: number }>(
      `${bigStore}
      const store = madeStore(120, ({ id }, seq) => ('On day ' + seq + ' of ' + id + ' they spoke of thing' + (seq * 7919) % 5000 + ' and of the weather. ').repeat(5))
      const service = createSessions({ store, onWarning: () => {} })
      for (let number = 0; number < 1000; number++) {
        const session = await service.for({ tenantId: 'acme', userId: 'alice' }).get('session-' + number)
        await session.context({ maxTokens: 2000, query: 'What of thing42?' })
      }
      console.log(JSON.stringify({ megabytes: inUse() / 1e6 }))`,
      ['--max-old-space-size=256', '--expose-gc'],
    )
    expect(megabytes).toBeLessThan(256)
  })

  it('is as many bytes as is said, or fewer', async () => {
    const measured = await core.run<{ said: number; real: number }[]>(
      `${bigStore}
      const { createHistoryCache } = await load('service/history-cache.js')
      const { SessionHistory } = await load('service/session-history.js')
      const texts = [
        (id, seq) => 'On day ' + seq + ' of ' + id + ' they spoke of thing' + (seq * 7919) % 5000 + ' and of the weather.',
        (id, seq) => ('Слово' + seq + ' и дело ' + id + ' ').repeat(20),
        (id, seq) => Array.from({ length: 500 }, (_, index) => 'x' + id + seq + index).join(' '),
      ]
      const results = []
      for (const textOf of texts) {
        const store = madeStore(100, ({ id }, seq) => textOf(id, seq))
        const cache = createHistoryCache(store, { maxBytes: 1e9, keptMs: 1e9, onEmbedFailure() {}, onIndexFull() {} })
        // Once, so that what is compiled and remembered by all is there.
        await fill(store, createHistoryCache(store, { maxBytes: 1e9, keptMs: 1e9, onEmbedFailure() {}, onIndexFull() {} }), 3)
        const before = inUse()
        await fill(store, cache, 60)
        results.push({ said: cache.bytes, real: inUse() - before })
        globalThis.alive = cache
      }
      async function fill(store, cache, count) {
        for (let number = 0; number < count; number++) {
          const record = recordOf({ tenantId: 'acme', id: 'h' + number }, 100)
          const history = await cache.use(record, { newest: [] }, SessionHistory)
          for await (const message of history.backwards([{ from: 1, to: 100 }], () => 100)) history.take([message])
          await history.digest([{ from: 1, to: 100 }])
          await cache.release(record, [])
        }
      }
      console.log(JSON.stringify(results))`,
      ['--expose-gc'],
    )
    for (const { said, real } of measured) {
      expect(real).toBeLessThan(said * 1.1)
      expect(real).toBeGreaterThan(said * 0.4)
    }
  })
})
