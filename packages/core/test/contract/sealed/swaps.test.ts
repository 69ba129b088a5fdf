import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/index.js'
import type { SessionCopy, SessionRef } from '../../../src/store.js'
import { rawOf, tamper, watched } from './sealed-stores.js'

const at: SessionRef = { tenantId: 'acme', id: 's1' }
const other: SessionRef = { tenantId: 'acme', id: 's2' }
const abroad: SessionRef = { tenantId: 'globex', id: 's1' }
const beside: SessionRef = { tenantId: '~turns:acme', id: 's1' }

/** Sessions that differ in one thing each, and an earlier session at the place of the first. */
async function scene() {
  const raw = memoryStore()
  const { store, problems } = watched(raw)
  const change = {
    revision: 0,
    incarnation: 'same',
    userId: 'alice',
    title: 'title',
    body: 'body',
    messages: [
      { id: 'm1', payload: 'one' },
      { id: 'm2', payload: 'two' },
    ],
  }
  await store.commit(at, { ...change, incarnation: 'earlier' })
  const earlier = await rawOf(raw, at)
  await store.remove(at)
  for (const ref of [at, other, abroad, beside]) await store.commit(ref, change)
  const first = await rawOf(raw, at)
  await store.commit(at, { revision: 1, body: 'second' })
  // What was opened once is not taken for what stands in its place later.
  for (const ref of [at, other, abroad, beside]) await store.read(ref, { tail: 9 })
  return { raw, store, problems, earlier, first }
}

type Scene = Awaited<ReturnType<typeof scene>>
type Swap = readonly [what: string, swap: (raw: SessionCopy, scene: Scene) => Promise<string> | string]

/** Sealed texts in the forms of each other: prefix and key, and what is sealed, as hex or base64url. */
const headOf = (text: string) => text.slice(0, 27)
const inHex = (text: string) =>
  headOf(text) + Buffer.from(text.slice(27).replace('.', ''), 'base64url').toString('hex')
const inBase64 = (text: string) => Buffer.from(text.slice(27), 'hex').toString('base64url')
/** A tenant has no key of another tenant's, so there it is not found. */
const whyOf = (what: string) => (what === 'another tenant' ? 'unknown_key' : 'corrupt')
const payloadOf = (copy: SessionCopy, index = 0): string => copy.messages[index]!.payload
/** Cut so that so many bytes of the tag are left, or of what then stands in its place. */
const cuts = (...lefts: number[]): Swap[] =>
  lefts.map((left) => [`a tag of ${left} bytes`, (raw) => payloadOf(raw).slice(0, -2 * (16 - left))])

const payloads: Swap[] = [
  ['another message', (raw) => payloadOf(raw, 1)],
  ['another session', async (_, { raw }) => payloadOf(await rawOf(raw, other))],
  ['another tenant', async (_, { raw }) => payloadOf(await rawOf(raw, abroad))],
  ['a side record of the tenant', async (_, { raw }) => payloadOf(await rawOf(raw, beside))],
  ['an earlier session', (_, { earlier }) => payloadOf(earlier)],
  ['the body', (raw) => inHex(raw.body)],
  ['the title', (raw) => inHex(raw.record.title!)],
  ['no sealed text', () => 'plain'],
  ['a sealed text without an end', () => 'e1.'],
  ...cuts(4, 8, 12),
]

const bodies: Swap[] = [
  ['an earlier revision', (_, { first }) => first.body],
  ['another session', async (_, { raw }) => (await rawOf(raw, other)).body],
  ['another tenant', async (_, { raw }) => (await rawOf(raw, abroad)).body],
  ['an earlier session', (_, { earlier }) => earlier.body],
  ['a message', (raw) => `${headOf(raw.body)}.${inBase64(payloadOf(raw))}`],
  ['the title', ({ record }) => `${headOf(record.title!)}.${record.title!.slice(27)}`],
  ['no sealed text', () => '{"v":1}'],
  ['nothing', () => ''],
  ['a key more', (raw) => `${headOf(raw.body)}${headOf(raw.body).slice(3)}${raw.body.slice(27)}`],
  ['a cut text', (raw) => raw.body.slice(0, -6)],
]

const titles: Swap[] = [
  ['another session', async (_, { raw }) => (await rawOf(raw, other)).record.title!],
  ['another tenant', async (_, { raw }) => (await rawOf(raw, abroad)).record.title!],
  ['an earlier session', (_, { earlier }) => earlier.record.title!],
  ['the body', (raw) => raw.body.replace(/(?<=^.{27})[.]/, '')],
  ['no sealed text', () => 'plain'],
]

describe('a payload in the place of another one is empty', () => {
  it.each(payloads)('%s', async (what, swap) => {
    const all = await scene()
    const { raw, store, problems } = all
    const payload = await swap(await rawOf(raw, at), all)
    await tamper(raw, at, ({ messages, ...copy }) => ({
      ...copy,
      messages: messages.map((stored) => (stored.seq === 1 ? { ...stored, payload } : stored)),
    }))
    const expected = [{ payload: '' }, { payload: 'two' }]
    expect((await store.read(at, { tail: 9 }))?.messages).toMatchObject(expected)
    expect((await store.messages(at, { limit: 9 })).messages).toMatchObject(expected)
    const problem = { ...at, part: 'message', seq: 1, why: whyOf(what) }
    expect(problems).toEqual([problem, problem])
  })
})

describe('a body in the place of another one is refused', () => {
  it.each(bodies)('%s', async (what, swap) => {
    const all = await scene()
    const { raw, store, problems } = all
    const body = await swap(await rawOf(raw, at), all)
    await tamper(raw, at, (copy) => ({ ...copy, body }))
    await expect(store.read(at)).rejects.toMatchObject({ code: whyOf(what) })
    expect(problems).toEqual([{ ...at, part: 'body', why: whyOf(what) }])
  })
})

describe('a title in the place of another one is absent', () => {
  it.each(titles)('%s', async (what, swap) => {
    const all = await scene()
    const { raw, store, problems } = all
    const title = await swap(await rawOf(raw, at), all)
    await tamper(raw, at, (copy) => ({ ...copy, record: { title } }))
    expect((await store.read(at))?.record.title).toBeUndefined()
    const { items } = await store.list({ tenantId: 'acme', limit: 9 })
    expect(items.map(({ id, title }) => [id, title])).toEqual(
      expect.arrayContaining([
        ['s1', undefined],
        ['s2', 'title'],
      ]),
    )
    const problem = { ...at, part: 'title', why: whyOf(what) }
    expect(problems).toEqual([problem, problem])
  })
})

it.each([
  ['another tenant', async ({ raw }: Scene) => (await rawOf(raw, abroad)).record.userId!],
  ['no sealed text', () => 'mallory'],
])('a session of a user from %s is corrupt, and nobody’s in a list', async (_, swap) => {
  const all = await scene()
  const { raw, store } = all
  const userId = await swap(all)
  await tamper(raw, at, (copy) => ({ ...copy, record: { userId } }))
  await expect(store.read(at)).rejects.toMatchObject({ code: 'corrupt' })
  const { items } = await store.list({ tenantId: 'acme', limit: 9 })
  expect(items.find(({ id }) => id === 's1')?.userId).toBe('u1.unreadable')
  for (const user of ['alice', 'mallory']) {
    const found = await store.list({ tenantId: 'acme', userId: user, limit: 9 })
    expect(found.items.map(({ id }) => id)).not.toContain('s1')
  }
})
