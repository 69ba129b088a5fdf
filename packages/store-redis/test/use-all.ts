import { expect } from 'vitest'
import { redisStore, type RedisClient } from '../src/index.js'
import { patient } from './clients.js'

export const message = (n: number) => ({ id: `m${n}`, payload: `{"n":${n},"text":"漢 🙂"}` })

/** Every verb, one after the other. */
export async function useAll(client: RedisClient, tenantId: string): Promise<void> {
  const warnings: string[] = []
  const store = redisStore(client, { ...patient, onWarning: (warning) => warnings.push(warning) })
  const ref = { tenantId, id: 'one' }
  await store.commit(ref, { revision: 0, body: '{}', userId: 'u' })
  expect((await store.commit(ref, { messages: [message(1), message(2)] })).messages).toMatchObject([
    { seq: 1, inserted: true },
    { seq: 2, inserted: true },
  ])
  expect((await store.commit(ref, { messages: [message(2), message(3)] })).messages).toMatchObject([
    { seq: 2, inserted: false },
    { seq: 3, inserted: true },
  ])
  await store.commit(ref, { revision: 1, body: '{"a":1}' })
  expect(await store.read(ref)).toMatchObject({ body: '{"a":1}', messages: [] })
  expect((await store.read(ref, { tail: 5 }))?.messages).toMatchObject([1, 2, 3].map(message))
  expect((await store.messages(ref, { limit: 2, order: 'desc' })).messages).toMatchObject([3, 2].map(message))
  expect(await store.amend(ref, [{ seq: 1, payload: '[]' }])).toBe(1)
  expect(await store.trim(ref, 1)).toBe(1)
  expect((await store.list({ tenantId, userId: 'u', limit: 5 })).items).toHaveLength(1)
  const copy = (await store.read(ref, { tail: 5 }))!
  await store.restore({ ...ref, id: 'two' }, { ...copy, messages: copy.messages.slice(0, 1), more: true })
  await store.restore({ ...ref, id: 'two' }, { ...copy, messages: copy.messages.slice(1) })
  expect((await store.read({ ...ref, id: 'two' }, { tail: 5 }))?.messages).toEqual(copy.messages)
  expect(await store.remove({ ...ref, id: 'two' }, { changes: copy.record.changes })).toBe(true)
  await store.commit(ref, { idleMs: 0 })
  expect(await store.sweep({ limit: 5 })).toBe(1)
  expect(await store.read(ref)).toBeUndefined()
  // The server of these tests does not evict, and says so in whatever form the client gives it.
  expect(warnings.filter((warning) => warning.includes('maxmemory-policy'))).toEqual([])
}
