import { expect, it } from 'vitest'
import { memoryStore } from '../../../src/index.js'
import { sealed, watched } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const one = { id: 'm1', payload: 'one' }
const two = { id: 'm2', payload: 'two' }

/** Two processes over one store, each of which has seen the session of nobody. */
async function scene() {
  const raw = memoryStore()
  const [store, peer] = [sealed(raw), sealed(raw)]
  await store.commit(at, { revision: 0, body: 'body', title: 'title' })
  await peer.read(at)
  return { raw, store, peer }
}

const flags = ({ messages }: { messages: readonly { inserted: boolean }[] }) =>
  messages.map(({ inserted }) => inserted)

it('an append again by another process is stored once', async () => {
  const { store, peer } = await scene()
  expect(flags(await store.commit(at, { messages: [one, two] }))).toEqual([true, true])
  expect(flags(await peer.commit(at, { messages: [one, two] }))).toEqual([false, false])
})

it('an append again after the session was bound is stored once, whoever knows of that', async () => {
  const { raw, store, peer } = await scene()
  await store.commit(at, { messages: [one] })
  await store.commit(at, { revision: 1, body: 'bound', userId: 'alice' })
  for (const process of [store, peer, sealed(raw)]) {
    const { messages } = await process.commit(at, { messages: [one] })
    expect(messages).toMatchObject([{ id: 'm1', seq: 1, inserted: false }])
  }
  const three = { id: 'm3', payload: 'three' }
  const { messages } = await store.commit(at, { messages: [two, one, three, two], ownedBy: 'alice' })
  expect(messages).toMatchObject([
    { id: 'm2', seq: 2, inserted: true },
    { id: 'm1', seq: 1, inserted: false },
    { id: 'm3', seq: 3, inserted: true },
    { id: 'm2', seq: 2, inserted: false },
  ])
  // Stored by who knew of the user, sent again by who does not.
  expect(flags(await peer.commit(at, { messages: [one, two, three] }))).toEqual([false, false, false])
  expect((await raw.read(at))?.record.lastSeq).toBe(3)
})

it('an append again after the session got another user, and another, is stored once, and counts once', async () => {
  const { raw, store, peer } = await scene()
  const owners = [
    '',
    'alice',
    'bob',
    '',
    'carol',
    'alice',
    ...Array.from({ length: 9 }, (_, n) => `user ${n}`),
  ]
  const sent = owners.map((_, n) => ({ id: `o${n}`, payload: `as ${n}` }))
  for (const [n, userId] of owners.entries()) {
    await (n % 2 === 0 ? store : sealed(raw)).commit(at, { revision: n + 1, body: `body ${n}`, userId })
    await store.commit(at, { messages: [sent[n]!] })
    if (n === 3) await store.commit(at, { userId: 'without a body' })
  }
  const { changes } = (await store.read(at))!.record
  for (const [n, process] of [store, peer, sealed(raw)].entries()) {
    const { messages, record } = await process.commit(at, { messages: sent })
    expect(messages.map(({ seq, inserted }) => [seq, inserted])).toEqual(sent.map((_, at) => [at + 1, false]))
    expect(record.changes).toBe(changes + n + 1)
  }
  expect((await peer.read(at, { tail: 99 }))?.messages).toMatchObject(sent)
})

it('an append again after the session was sealed anew is stored once', async () => {
  const { raw, store, peer } = await scene()
  await peer.commit(at, { messages: [one] })
  await store.commit(at, { revision: 1, body: 'bound', userId: 'alice' })
  expect(await store.rekey(at)).toBe(true)
  expect(flags(await peer.commit(at, { messages: [one] }))).toEqual([false])
  expect((await raw.read(at))?.record.lastSeq).toBe(1)
})

it('another text of the same id is a conflict, in any of these', async () => {
  const { store, peer } = await scene()
  await store.commit(at, { messages: [one] })
  await store.commit(at, { revision: 1, body: 'bound', userId: 'alice' })
  for (const process of [store, peer]) {
    const other = { messages: [two, { id: 'm1', payload: 'another' }] }
    await expect(process.commit(at, other)).rejects.toMatchObject({ code: 'conflict', messageId: 'm1' })
    const both = { messages: [one, { id: 'm1', payload: 'another' }] }
    await expect(process.commit(at, both)).rejects.toMatchObject({ code: 'conflict', messageId: 'm1' })
  }
  expect((await store.read(at))?.record.lastSeq).toBe(1)
})

it('an append to a session that took the place of the one that was known is for the new one', async () => {
  const { raw, store } = await scene()
  const { store: peer, problems } = watched(raw)
  await peer.read(at)
  await store.remove(at)
  await store.commit(at, { revision: 0, body: 'new', messages: [one] })
  expect(flags(await peer.commit(at, { messages: [one, two] }))).toEqual([false, true])
  await store.remove(at)
  await store.commit(at, { revision: 0, body: 'newest', messages: [two] })
  expect((await peer.messages(at, { limit: 9 })).messages).toMatchObject([two])
  await store.remove(at)
  await store.commit(at, { revision: 0, body: 'last', messages: [one] })
  expect(await peer.amend(at, [{ seq: 1, payload: 'amended' }])).toBe(1)
  expect((await store.read(at, { tail: 1 }))?.messages).toMatchObject([{ id: 'm1', payload: 'amended' }])
  expect(problems).toEqual([])
})
