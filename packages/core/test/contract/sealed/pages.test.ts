import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../../src/index.js'
import { wrapStore } from '../../../src/testing.js'
import { sealed } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const megabyte = 1024 * 1024

/** Three messages that fit one page, and one that does not; sealed, the store gives each alone. */
async function scene(change: (store: SessionStore, calls: number) => Promise<unknown>) {
  const raw = memoryStore()
  const writer = sealed(raw)
  await writer.commit(at, { revision: 0, body: 'body' })
  for (const n of [1, 2, 3, 4]) {
    await writer.commit(at, { messages: [{ id: `m${n}`, payload: String(n).repeat(1.2 * megabyte) }] })
  }
  let calls = 0
  const changing = wrapStore(raw, async (method, call) => {
    const answer = await call()
    if (method === 'messages') await change(writer, ++calls)
    return answer
  })
  const store = sealed(changing)
  await store.read(at)
  return { store, writer, calls: () => calls }
}

const amend = (store: SessionStore, text: string) =>
  store.amend(
    at,
    [1, 2, 3, 4].map((seq) => ({ seq, payload: text.repeat(1.2 * megabyte) })),
  )
const shown = (messages: readonly { seq: number; payload: string }[]) =>
  messages.map(({ seq, payload }) => `${seq}${payload[0]}`)

describe('a page that is read in parts is of one moment', () => {
  it('when nothing changes', async () => {
    const { store, calls } = await scene(async () => {})
    const { messages, more } = await store.messages(at, { limit: 9 })
    expect([shown(messages), more]).toEqual([['11', '22', '33'], true])
    expect(calls()).toBe(4)
    expect(shown((await store.read(at, { tail: 9 }))!.messages)).toEqual(['22', '33', '44'])
    expect(shown((await store.messages(at, { limit: 2, order: 'desc' })).messages)).toEqual(['44', '33'])
  })

  it('when messages are redacted between two parts: it is read again', async () => {
    const forward = await scene(async (store, calls) => calls === 1 && amend(store, 'x'))
    expect(shown((await forward.store.messages(at, { limit: 9 })).messages)).toEqual(['1x', '2x', '3x'])
    const tail = await scene(async (store, calls) => calls === 1 && amend(store, 'x'))
    expect(shown((await tail.store.read(at, { tail: 9 }))!.messages)).toEqual(['2x', '3x', '4x'])
  })

  it('when that happens all the time: it is shorter', async () => {
    const all = async (store: SessionStore, calls: number) => amend(store, 'abcdefghijklmnop'[calls]!)
    const forward = await scene(all)
    const { messages, more } = await forward.store.messages(at, { limit: 9 })
    expect([messages.map(({ seq }) => seq), more]).toEqual([[1], true])
    const tail = await scene(all)
    expect((await tail.store.read(at, { tail: 9 }))!.messages.map(({ seq }) => seq)).toEqual([4])
  })

  it('when the log is trimmed between two parts: nothing is left out in the middle', async () => {
    const forward = await scene(async (store, calls) => calls === 1 && store.trim(at, 2))
    const { messages, more } = await forward.store.messages(at, { limit: 9 })
    expect([shown(messages), more]).toEqual([['33', '44'], false])
  })

  it('when the session is removed between two parts: there is none', async () => {
    const forward = await scene(async (store, calls) => calls === 1 && store.remove(at))
    await expect(forward.store.messages(at, { limit: 9 })).rejects.toMatchObject({ code: 'not_found' })
    const tail = await scene(async (store, calls) => calls === 1 && store.remove(at))
    expect(await tail.store.read(at, { tail: 9 })).toBeUndefined()
  })
})
