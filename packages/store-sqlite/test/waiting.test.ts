import type { SessionStore } from '@sessions/core/store'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()
const ref = { tenantId: 'acme', id: 'one' }
const message = (id: string, payload = 'x') => ({ id, payload })

/** A store on a file of its own, and somebody else who holds the file, and lets go of it. */
async function place(writeTimeoutMs = patient.writeTimeoutMs) {
  const path = newPath()
  const store = sqliteStore(path, { ...patient, writeTimeoutMs })
  const other = openRaw(path)
  onTestFinished(async () => {
    await store.close()
    other.close()
  })
  await store.commit(ref, { revision: 0 })
  return {
    store,
    hold: () => void other.exec('begin immediate'),
    letGo: () => void other.exec('commit'),
  }
}

const idsOf = async (store: SessionStore) =>
  (await store.read(ref, { tail: 99 }))!.messages.map(({ seq, id }) => `${seq} ${id}`)

test('writes wait for somebody else in the order in which they came, and reads wait for nobody', async () => {
  const { store, hold, letGo } = await place()
  hold()
  const settled: string[] = []
  const writes = ['a', 'b', 'c', 'd'].map((id) =>
    store.commit(ref, { messages: [message(id)] }).then(() => settled.push(id)),
  )
  for (let times = 0; times < 20; times++) expect(await idsOf(store)).toEqual([])
  // One more, while those before it are waiting.
  writes.push(store.commit(ref, { messages: [message('e')] }).then(() => settled.push('e')))
  expect(settled).toEqual([])
  letGo()
  await Promise.all(writes)
  expect(settled).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(await idsOf(store)).toEqual(['1 a', '2 b', '3 c', '4 d', '5 e'])
  // Whoever comes now waits for nobody.
  await store.commit(ref, { messages: [message('f')] })
  expect(await idsOf(store)).toHaveLength(6)
})

test('a write that has waited for its time does nothing, and those behind it go on', async () => {
  const { store, hold, letGo } = await place(400)
  hold()
  const late = ['a', 'b'].map((id) =>
    store.commit(ref, { messages: [message(id)] }).catch((error: unknown) => error),
  )
  const refusal = { code: 'unavailable', message: 'the database was busy for too long: nothing was done' }
  // It comes when the time of the others is over, so that it has all of its own.
  const next = late[0]!.then(async () => store.commit(ref, { messages: [message('c')] }))
  expect(await Promise.all(late)).toEqual([
    expect.objectContaining(refusal),
    expect.objectContaining(refusal),
  ])
  letGo()
  expect((await next).messages).toMatchObject([{ id: 'c', seq: 1 }])
  expect(await idsOf(store)).toEqual(['1 c'])
})

test('many writes at once are all done, and others in the process have their turns between them', async () => {
  const { store } = await place()
  let turns = 0
  let isOver = false
  const turn = () => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  const payload = 'x'.repeat(20_000)
  const ids = Array.from({ length: 400 }, (_, n) => `m${n}`)
  const done = await Promise.all(ids.map((id) => store.commit(ref, { messages: [message(id, payload)] })))
  isOver = true
  expect(done.map(({ messages }) => messages[0]!.seq)).toEqual(ids.map((_, n) => n + 1))
  expect(turns).toBeGreaterThan(2)
})

test('a commit of some MB is whole or not there, and one that comes meanwhile is before it or behind it', async () => {
  const { store } = await place()
  const long = ['a', 'b', 'c', 'd'].map((id) => message(id, id.repeat(400_000)))
  const over = new AbortController()
  const both = Promise.all([
    store.commit(ref, { messages: long }),
    store.commit(ref, { messages: [message('e')] }),
  ]).finally(() => over.abort())
  const seen = new Set<number>()
  while (!over.signal.aborted) {
    seen.add((await store.read(ref))!.record.lastSeq)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [first, second] = await both
  const seqs = first.messages.map(({ seq }) => seq)
  const from = second.messages[0]!.seq === 1 ? 2 : 1
  expect(seqs).toEqual([from, from + 1, from + 2, from + 3])
  expect([...seen].every((lastSeq) => [0, 1, 4, 5].includes(lastSeq))).toBe(true)
  expect(await idsOf(store)).toEqual(
    from === 1 ? ['1 a', '2 b', '3 c', '4 d', '5 e'] : ['1 e', '2 a', '3 b', '4 c', '5 d'],
  )
})

test.each([
  ['of one byte each', 'hello world ', 262_143],
  ['as long as a slice', 'x', 262_144],
  ['one longer than a slice', 'x', 262_145],
  ['of three bytes each', '你好世界', 300_001],
  ['of four bytes each, which slices cut', 'a😀', 300_001],
  ['with what SQLite cannot hold', `a\u0000b\ud800c\u0010${'x'.repeat(1000)}`, 300_001],
  ['longer than sixteen slices', 'wxyz 😀 ', 3_000_000],
] as const)('signs of a long payload come back as they were: %s', async (_, unit, length) => {
  const { store } = await place()
  const payload = unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
  const messages = [message('a', 's'), message('b', payload), message('c', 't')]
  await store.commit(ref, { messages })
  for (const order of ['asc', 'desc'] as const) {
    const page = (await store.messages(ref, { limit: 9, order })).messages
    const said = order === 'asc' ? page : page.toReversed()
    expect(said.map(({ seq, id }) => `${seq}${id}`)).toEqual(['1a', '2b', '3c'])
    expect(said.every((one, index) => one.payload === messages[index]!.payload)).toBe(true)
    expect(said.every(({ at }) => at === said[0]!.at && at > 0)).toBe(true)
  }
  const tail = (await store.read(ref, { tail: 2 }))!.messages
  expect(tail.map((one) => one.payload === messages[one.seq - 1]!.payload)).toEqual([true, true])
})
