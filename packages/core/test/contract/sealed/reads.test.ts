import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../../src/index.js'
import { commitWithin } from '../../../src/contract/sealed/within-room.js'
import { codeOf } from '../../service.js'
import { sealed, tamper, watched } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const ten = 'x'.repeat(10)
const message = (id: string, payload = ten) => ({ id, payload })
const failing = (code: 'unavailable' | 'conflict') => new SessionError(code, code)

it('a session that is not there has no messages, for whoever has read it before too', async () => {
  const raw = memoryStore()
  const store = sealed(raw)
  expect(await codeOf(store.messages(at, { limit: 1 }))).toBe('not_found')
  await store.commit(at, { revision: 0, messages: [message('m1')] })
  await raw.remove(at)
  expect(await store.read(at)).toBeUndefined()
  expect(await codeOf(store.messages(at, { limit: 1 }))).toBe('not_found')
})

it('a page of another session that has the id by now is opened as its own', async () => {
  const raw = memoryStore()
  const [reader, writer] = [watched(raw), sealed(raw)]
  await writer.commit(at, { revision: 0, messages: [message('m1', 'old')] })
  await reader.store.read(at)
  await raw.remove(at)
  await writer.commit(at, { revision: 0, messages: [message('m1', 'new'), message('m2', 'too')] })
  const { messages } = await reader.store.messages(at, { limit: 9 })
  expect([messages.map(({ payload }) => payload), reader.problems]).toEqual([['new', 'too'], []])
  await tamper(raw, at, (copy) => ({
    ...copy,
    messages: copy.messages.map((each) =>
      each.seq === 2 ? { ...each, payload: copy.messages[0]!.payload } : each,
    ),
  }))
  const page = await reader.store.messages(at, { limit: 9 })
  expect([page.messages[0]!.payload, reader.problems.length]).toEqual(['new', 1])
})

it('a list of many sessions has each of them once, in its order', async () => {
  const raw = memoryStore()
  const store = sealed(raw)
  const titles = Array.from({ length: 35 }, (_, n) => `title ${n}`)
  for (const [n, title] of titles.entries()) {
    await store.commit({ ...at, id: `s${n}` }, { revision: 0, title, userId: 'alice' })
  }
  const { items } = await sealed(raw).list({ tenantId: 'acme', limit: 99 })
  const order = (await raw.list({ tenantId: 'acme', limit: 99 })).items.map(({ id }) => id)
  expect(items.map(({ id }) => id)).toEqual(order)
  expect(items.map(({ title }) => title).toSorted()).toEqual(titles.toSorted())
  expect((await store.list({ tenantId: 'none', limit: 9 })).items).toEqual([])
})

it('a tail that cannot be filled says why, and one that is whole asks for nothing more', async () => {
  const raw = memoryStore()
  const large = 'y'.repeat(3 * 1024 * 1024)
  await sealed(raw).commit(at, { revision: 0, messages: [message('m1', 'z')] })
  for (const id of ['m2', 'm3']) await sealed(raw).commit(at, { messages: [message(id, large)] })
  let asked = 0
  const messages: SessionStore['messages'] = async () => (asked++, Promise.reject(failing('unavailable')))
  const store = sealed({ ...raw, messages })
  expect(await codeOf(store.read(at, { tail: 3 }))).toBe('unavailable')
  expect(asked).toBe(1)
  expect((await store.read(at, { tail: 1 }))!.messages.map(({ seq }) => seq)).toEqual([3])
  await raw.trim(at, 2)
  expect((await store.read(at, { tail: 9 }))!.messages.map(({ seq }) => seq)).toEqual([3])
  expect(asked).toBe(1)
})

it('messages that the log has are found without a write, as the caller, and as the session that is meant', async () => {
  const raw = memoryStore()
  const store = sealed(raw)
  await store.commit(at, { revision: 0, incarnation: 'this', userId: 'alice', messages: [message('m1')] })
  const { record, messages: had } = (await raw.read(at, { tail: 1 }))!
  const { userId } = record
  // Sealed payloads, or such as take as many bytes.
  const large = 'x'.repeat(5000)
  const payloadOf = (id: string) => (id === 'm1' ? had[0]!.payload : large)
  const commits: object[] = []
  const told: SessionStore = {
    ...raw,
    commit: async (ref, change) => {
      commits.push(change)
      return raw.commit(ref, change)
    },
  }
  const change = (ids: string[], more: object = {}) => ({
    messages: ids.map((id) => message(id, payloadOf(id))),
    ...more,
  })
  const within = (given: object, maxBytes: number, by = told) => codeOf(commitWithin(by, at, given, maxBytes))
  expect(await within(change(['m7', 'm8'], { incarnation: 'this', ownedBy: userId }), 4900)).toBe('too_large')
  const probe = {
    incarnation: 'this',
    ownedBy: userId,
    maxSeq: 0,
    messages: ['m7', 'm8'].map((id) => message(id, '')),
  }
  expect(commits[1]).toEqual(probe)
  commits.length = 0
  expect(await within(change(['m1', 'm8']), 2400)).toBe('too_large')
  expect(commits.slice(1)).toEqual([{ maxSeq: 0, messages: ['m1', 'm8'].map((id) => message(id, '')) }])
  // One alone needs no look at what the log has.
  commits.length = 0
  expect([await within(change(['m8']), 2400), commits.length]).toEqual(['too_large', 1])
  const away: SessionStore = {
    ...raw,
    commit: async (ref, given) =>
      given.maxSeq === 0 ? Promise.reject(failing('unavailable')) : raw.commit(ref, given),
  }
  expect(await within(change(['m7', 'm8']), 4900, away)).toBe('unavailable')
  const racing: SessionStore = {
    ...raw,
    commit: async (ref, given) =>
      given.maxSeq === 0 ? Promise.reject(failing('conflict')) : raw.commit(ref, given),
  }
  expect(await within(change(['m7', 'm8']), 4900, racing)).toBe('conflict')
  expect((await raw.read(at))!.record.lastSeq).toBe(1)
})

it('a change without messages is no matter of room', async () => {
  const raw = memoryStore()
  const store = sealed(raw)
  await store.commit(at, { revision: 0, messages: [message('m1')] })
  const full: SessionStore = {
    ...raw,
    commit: async () => Promise.reject(new SessionError('too_large', 'full')),
  }
  await expect(commitWithin(full, at, {}, 5)).rejects.toMatchObject({ code: 'too_large' })
  expect((await commitWithin(raw, at, { title: 'x' }, 5)).record.changes).toBe(2)
})
