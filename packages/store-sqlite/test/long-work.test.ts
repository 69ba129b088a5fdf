import type { SessionStore } from '@sessions/core/store'
import { afterAll, describe, expect, test } from 'vitest'
import { migrate, sqliteStore } from '../src/index.js'
import { openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()
const ref = { tenantId: 'acme', id: 'session' }
const path = newPath()
const own = sqliteStore(path, patient)
afterAll(() => own.close())

const theirs = openRaw(newPath())
afterAll(() => theirs.close())

function batch(count: number, length: number, letter: string) {
  return Array.from({ length: count }, (_, index) => ({
    id: `${letter}${index}`,
    payload: letter.repeat(length),
  }))
}

/** What reads of the session give while the work is under way: how many messages it has, and the last one's letter. */
async function during(store: SessionStore, id: string, work: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = []
  const over = new AbortController()
  const looking = (async () => {
    while (!over.signal.aborted) {
      const stored = await store.read({ ...ref, id }, { tail: 1 })
      seen.push(`${stored?.record.lastSeq ?? 0}${stored?.messages[0]?.payload[0] ?? ''}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  await work().finally(() => over.abort())
  await looking
  return seen
}

describe('a write of several MB in a file of the store', () => {
  test('lets others read, which see nothing of it before it is done', async () => {
    const id = 'seen'
    const create = { revision: 0, messages: batch(30, 100_000, 'a') }
    const created = await during(own, id, () => own.commit({ ...ref, id }, create))
    expect(created.join(' ')).toMatch(/^0( 0)+( 30a)*$/)
    const amendments = batch(30, 100_000, 'b').map(({ payload }, index) => ({ seq: index + 1, payload }))
    const amended = await during(own, id, () => own.amend({ ...ref, id }, amendments))
    expect(amended.join(' ')).toMatch(/^30a( 30a)+( 30b)*$/)
  })

  test('waits for another one, and both are whole', async () => {
    const id = 'two'
    await own.commit({ ...ref, id }, { revision: 0 })
    const [first, second] = await Promise.all(
      ['a', 'b'].map((letter) => own.commit({ ...ref, id }, { messages: batch(10, 100_000, letter) })),
    )
    const seqs = [first, second].map((done) => done!.messages.map(({ seq }) => seq))
    expect(seqs.sort((a, b) => a[0]! - b[0]!)).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
    ])
  })

  test('that is refused at its last message leaves nothing behind, and the next one works', async () => {
    const id = 'refused'
    await own.commit({ ...ref, id }, { revision: 0, messages: [{ id: 'taken', payload: 'other' }] })
    const messages = [...batch(10, 100_000, 'a'), { id: 'taken', payload: 'x' }]
    const refused = own.commit({ ...ref, id }, { messages })
    await expect(refused).rejects.toMatchObject({ code: 'conflict', messageId: 'taken' })
    expect((await own.read({ ...ref, id }))!.record.lastSeq).toBe(1)
    await own.commit({ ...ref, id }, { messages: messages.slice(0, -1) })
    const again = await own.commit({ ...ref, id }, { messages: messages.slice(0, -1) })
    expect(again.messages.map(({ inserted }) => inserted)).toEqual(Array.from({ length: 10 }, () => false))
    expect(again.record.lastSeq).toBe(11)
  })

  test('that is not done in time is unavailable, and nothing was done', async () => {
    const hasty = sqliteStore(path, { writeTimeoutMs: 1 })
    await own.read(ref)
    const create = { revision: 0, messages: batch(100, 100_000, 'a') }
    await expect(hasty.commit({ ...ref, id: 'late' }, create)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await own.read({ ...ref, id: 'late' })).toBeUndefined()
    await hasty.close()
  })
})

test('in a database of the application a write of several MB is done at once', async () => {
  await migrate(theirs)
  const store = sqliteStore(theirs, patient)
  const commit = store.commit(ref, { revision: 0, messages: batch(10, 100_000, 'a') })
  // The call has begun no transaction that it has not ended.
  theirs.exec('begin; commit')
  await commit
  expect((await store.read(ref, { tail: 20 }))!.messages).toHaveLength(10)
})

test.each([
  ['one byte each', 'hello world '],
  ['three bytes each', '你好世界'],
  ['four bytes each', 'a😀'],
  ['escapes', `a\u0000b\ud800c\u0010${'x'.repeat(1000)}`],
])('a long payload comes back as it was, slice by slice: %s', async (name, unit) => {
  for (const store of [own, sqliteStore(theirs, patient)]) {
    const place = { ...ref, id: name }
    const payloads = [300_001, 600_007].map((length) =>
      unit.repeat(Math.ceil(length / unit.length)).slice(0, length),
    )
    const messages = [
      { id: 'short', payload: 's' },
      ...payloads.map((payload, n) => ({ id: `m${n}`, payload })),
    ]
    await store.commit(place, { revision: 0, messages })
    const expected = ['s', ...payloads]
    const tail = (await store.read(place, { tail: 3 }))!.messages
    expect(
      tail.map(({ payload }) => payload),
      'a tail',
    ).toEqual(expected)
    const page = await store.messages(place, { limit: 3 })
    expect(
      page.messages.map(({ payload }) => payload),
      'a page',
    ).toEqual(expected)
    expect(page.messages.map(({ seq, id }) => [seq, id])).toEqual([
      [1, 'short'],
      [2, 'm0'],
      [3, 'm1'],
    ])
  }
})
