import { memoryStore } from '@sessions/core'
import { afterEach, expect, it, vi } from 'vitest'
import { tieredStore } from '../src/index.js'

const ref = { tenantId: 'acme', id: 's' }
const hot = { maxBytes: 1024 * 1024 }
const old = { maxAgeMs: 3_600_000 }
afterEach(() => vi.restoreAllMocks())

it('a change of a long copy weighs what is new alone, and the copy weighs as one that was just read', async () => {
  const last = memoryStore()
  const store = tieredStore(last, { hot })
  const messages = Array.from({ length: 200 }, (_, n) => ({
    id: `m${n}`,
    payload: `payload ${n} ü`.repeat(5),
  }))
  await store.commit(ref, { revision: 0, body: 'body', messages })
  await store.read(ref, { tail: 200, ...old })
  const weighed = vi.spyOn(RegExp.prototype, 'test')
  const changes = [
    { messages: [{ id: 'latin', payload: 'né' }] },
    {
      messages: [
        { id: 'wide', payload: '語'.repeat(9) },
        { id: 'm3', payload: messages[3]!.payload },
      ],
    },
    { revision: 1, body: '語' },
    { revision: 2, body: 'latin again', messages: [{ id: 'last', payload: 'x' }] },
  ]
  for (const change of changes) await store.commit(ref, change)
  // Of another process, with as many messages: what is kept of the texts stays weighed.
  await store.read(ref, { tail: 1 })
  expect(weighed.mock.calls.length).toBeLessThan(40)
  weighed.mockRestore()
  const fresh = tieredStore(last, { hot })
  const { messages: all } = (await fresh.read(ref, { tail: 300, ...old }))!
  expect(all).toHaveLength(203)
  expect(await store.read(ref, { tail: 203, ...old })).toEqual(await last.read(ref, { tail: 203 }))
  expect(store.stats()).toMatchObject({ hits: 1, bytes: fresh.stats().bytes })
})
