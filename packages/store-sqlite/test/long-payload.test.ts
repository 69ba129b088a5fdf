import { expect, test } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { patient, useFiles } from './files.js'

const path = useFiles()()
const store = sqliteStore(path, patient)
const slice = 256 * 1024

// What SQLite hands out in slices is put together again, wherever an escape or a letter of many bytes stands.
const odd = ['\u0000', '\ud800', '\u0010', '😀']
const long = odd.flatMap((letter) =>
  [0, slice - 1, slice * 2 + 5].map((at) => `${'x'.repeat(at)}${letter}${'y'.repeat(slice * 2 + 9 - at)}`),
)

test('a payload of many slices is what it was, with odd letters in one of them or between two', async () => {
  const ref = { tenantId: 'acme', id: 'long' }
  await store.commit(ref, { revision: 0 })
  for (const [n, payload] of long.entries()) {
    await store.commit(ref, { messages: [{ id: `m${n}`, payload }] })
    const { messages } = (await store.read(ref, { tail: 1 }))!
    // Without a report of half a megabyte.
    expect([messages[0]!.id, messages[0]!.payload === payload], `payload ${n}`).toEqual([`m${n}`, true])
  }
  const { messages } = await store.messages(ref, { after: 10, limit: 2, order: 'asc' })
  expect(messages.map(({ id, payload }) => [id, long.indexOf(payload)])).toEqual([
    ['m10', 10],
    ['m11', 11],
  ])
})
