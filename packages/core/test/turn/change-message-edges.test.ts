import { afterEach, expect, it, vi } from 'vitest'
import { createSessions, memoryStore, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { haltingStore } from '../../src/testing/halting-store.js'
import { until } from '../../src/testing/until.js'
import { changingStore } from '../changing-store.js'
import { alice, codeOf, service } from '../service.js'
import { echo, gated } from './turns.js'

afterEach(() => void vi.restoreAllMocks())

/** A session of one message, in a store whose clock the test moves. */
async function place(options: SessionsOptions = {}) {
  let now = 1_700_000_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const store = memoryStore({ clock: () => now })
  const sessions = service({ store, onWarning: () => {}, ...options })
  const session = await sessions.for(alice).open('one')
  await session.append({ role: 'user', content: 'Two phones' })
  const told = () => sessions.events.splice(0).filter(({ type }) => /redacted|amended|annotated/.test(type))
  return { store, sessions, session, told, pass: (ms: number) => void (now += ms) }
}

it('tells of each change once, by message and place', async () => {
  const { session, told, pass } = await place()
  const { id } = (await session.history()).messages[0]!
  for (const [type, change] of [
    ['message.annotated', () => session.annotate(1, { rated: 5 })],
    ['message.amended', () => session.amend(1, { content: 'Three phones' })],
    ['message.redacted', () => session.redact(1)],
  ] as const) {
    const first = await change()
    pass(1000)
    // What is so already is not so anew, whenever it is asked for.
    expect(await change()).toEqual(first)
    expect(told()).toMatchObject([{ type, messageId: id, seq: 1 }])
    if (type === 'message.amended') await session.annotate(1, { rated: null })
    told()
  }
})

it('says what is wrong with a change', async () => {
  const { session, store } = await place({ limits: { maxMessageLength: 2000 } })
  await session.append({ role: 'user', content: 'a note' })
  const { incarnation, changes } = (await store.read(session.ref))!.record
  await store.amend(session.ref, [{ seq: 2, payload: 'broken' }], { incarnation, changes })
  const { revision, changes: now } = (await store.read(session.ref))!.record
  await session.amend(1, { content: 'x'.repeat(1000) })
  const [stored] = (await store.messages(session.ref, { after: 0, limit: 1 })).messages
  const most = 1000 + 2000 - Buffer.byteLength(stored!.payload)
  await session.amend(1, { content: 'x'.repeat(most) })
  for (const [change, expected] of [
    [() => session.redact(9), { path: 'seq', message: 'There is no message 9.' }],
    [() => session.redact('1' as never), { path: 'seq', message: 'There is no message of this kind.' }],
    [() => session.amend(2, { content: 'x' }), { path: 'seq', message: 'Message 2 cannot be read.' }],
    [() => session.annotate(2, { a: 1 }), { path: 'seq', message: 'Message 2 cannot be read.' }],
    [() => session.amend(1, { content: '' }), { path: 'change.content' }],
    [() => session.amend(1, { text: 'x' } as never), { path: 'text' }],
    [() => session.annotate(1, 7 as never), { path: 'annotations' }],
    [() => session.annotate(1, { a: 1 }, { ifChange: now } as never), { path: 'ifChange' }],
    [
      () => session.annotate(1, { a: 1 }, { ifChanges: 0 }),
      { code: 'conflict', message: 'The session has changed since it was read.' },
    ],
    [
      () => session.amend(1, { content: 'x'.repeat(most + 1) }),
      { code: 'too_large', path: 'content', message: 'The message takes 2001 bytes; the limit is 2000.' },
    ],
  ] as const)
    await expect(change()).rejects.toMatchObject({ code: 'invalid', ...expected })
  expect(revision).toBeGreaterThan(0)
  const { changes: newest } = (await store.read(session.ref))!.record
  expect((await session.annotate(1, { a: 1 }, { ifChanges: newest })).metadata).toMatchObject({
    annotations: { a: 1 },
  })
})

it('leaves a reply what it was: failed, or stopped', async () => {
  const { session } = await place()
  const fail = (): Promise<never> => Promise.reject(new Error('down'))
  const { reply } = await session.turn('Hi', fail).result
  expect(await session.amend(reply.seq, { content: 'Sorry' })).toMatchObject({
    status: 'failed',
    content: 'Sorry',
  })
  expect(await session.redact(reply.seq)).toMatchObject({ status: 'failed', content: expect.anything() })
})

it('changes a message though the process of a turn has died, whose end comes first', async () => {
  const { store, session, pass } = await place()
  const { store: dying, kill } = haltingStore(store)
  const doomed = await createSessions({ store: dying }).for(alice).get('one')
  await doomed.turn('Hi', () => new Promise(() => {})).started
  kill()
  expect(await codeOf(session.redact(1))).toBe('turn_in_progress')
  pass(31_000)
  expect((await session.redact(1)).metadata).toBeDefined()
  expect((await session.history()).messages.map(({ status }) => status)).toEqual([
    'completed',
    'completed',
    'aborted',
  ])
})

it('finds no message of a history that has ended', async () => {
  const { session, pass } = await place({ ttl: { historyMs: 1000 } })
  pass(1000)
  expect((await session.annotate(1, { a: 1 })).seq).toBe(1)
  pass(1)
  for (const change of [session.redact(1), session.amend(1, { content: 'x' }), session.annotate(1, { a: 2 })])
    await expect(change).rejects.toMatchObject({ code: 'invalid', path: 'seq' })
  expect((await session.turn('Hi', echo).result).status).toBe('completed')
})

it('takes what fits into the session to the byte, and less of it whatever there is', async () => {
  const { session, store } = await place()
  await session.append({ role: 'user', content: 'y'.repeat(100) })
  const { bytes } = (await store.read(session.ref))!.record
  const other = (maxSessionBytes: number) =>
    createSessions({ store, limits: { maxSessionBytes } }).for(alice).get('one')
  const content = 'Two phones, and a camera'
  await session.amend(1, { content })
  const after = (await store.read(session.ref))!.record.bytes
  await session.amend(1, { content: 'Two phones' })
  const grown = (await store.read(session.ref))!.record.bytes
  expect(after).toBeGreaterThan(grown)
  expect(await codeOf((await other(after - 1)).amend(1, { content }))).toBe('too_large')
  expect(await codeOf((await other(after)).amend(1, { content }))).toBe('settled')
  // A session that is too large already may shrink.
  const small = await other(bytes - 50)
  expect(await codeOf(small.amend(2, { content: 'y' }))).toBe('settled')
})

it('takes the events of all turns that have spoken, and none of one that is about to begin', async () => {
  const { session, store } = await place()
  const tenantId = '~turns:acme'
  const keep = async (id: string, label: string, messages: { id: string; payload: string }[]) =>
    store.commit({ tenantId, id }, { revision: 0, label, body: '{}', messages })
  const { incarnation } = session.record
  const words = [{ id: '1', payload: '[]' }]
  // More than are listed at once.
  for (let n = 0; n < 201; n++) await keep(`turn ${n}`, incarnation, words)
  await keep('new', incarnation, [])
  await keep('of another', 'another', words)
  await session.redact(1)
  const { items } = await store.list({ tenantId, limit: 100 })
  expect(items.map(({ id }) => id).toSorted()).toEqual(['new', 'of another'])
})

it('leaves the events of a turn that has begun meanwhile', async () => {
  const inner = memoryStore()
  let before: (() => Promise<void>) | undefined
  const store: SessionStore = {
    ...inner,
    list: async (query) => {
      if (query.tenantId === '~turns:acme') await before?.()
      return inner.list(query)
    },
  }
  const session = await createSessions({ store }).for(alice).open('one')
  await session.append({ role: 'user', content: 'Two phones' })
  const other = await createSessions({ store: inner, turns: { flushMs: 5 } })
    .for(alice)
    .get('one')
  const { respond, begun, open } = gated('Hello')
  let result: Promise<{ status: string }> | undefined
  let ref: { tenantId: string; id: string } | undefined
  before = async () => {
    before = undefined
    const turn = other.turn('Hi', respond)
    ;({ result } = turn)
    await begun
    ref = { tenantId: '~turns:acme', id: (await turn.started).turnId }
    await until(async () => (await inner.messages(ref!, { after: 0, limit: 1 })).messages.length > 0)
  }
  await session.redact(1)
  expect((await inner.messages(ref!, { after: 0, limit: 1 })).messages).toHaveLength(1)
  open()
  expect((await result)!.status).toBe('completed')
})

it('brings back no words that were redacted meanwhile, whatever else its handle has read since', async () => {
  const inner = memoryStore()
  let meanwhile: (() => Promise<unknown>) | undefined
  const { store, calls } = changingStore(inner, (call) => {
    if (calls[call - 1] !== 'messages' || meanwhile === undefined) return
    const run = meanwhile
    meanwhile = undefined
    return run()
  })
  const session = await service({ store }).for(alice).open('one')
  await session.append({ role: 'user', content: 'My PIN is 1234' })
  const other = await service({ store: inner }).for(alice).get('one')
  meanwhile = async () => {
    await other.redact(1)
    await session.state.get()
  }
  await session.annotate(1, { rated: 5 })
  const [message] = (await other.history()).messages
  expect(message).toMatchObject({ content: '[redacted]', metadata: { annotations: { rated: 5 } } })
  expect(message!.metadata).toHaveProperty('redacted')
})

it('keeps the annotations of all who annotate at once, with one handle or another', async () => {
  const store = memoryStore()
  const one = await service({ store }).for(alice).open('one')
  await one.append({ role: 'user', content: 'Two phones' })
  const other = await service({ store }).for(alice).get('one')
  const names = Array.from({ length: 20 }, (_, index) => `k${index}`)
  await Promise.all(
    names.map((name, index) => (index % 2 === 0 ? one : other).annotate(1, { [name]: index })),
  )
  const [message] = (await one.history()).messages
  expect(Object.keys(message!.metadata!['annotations']!).toSorted()).toEqual(names.toSorted())
})
