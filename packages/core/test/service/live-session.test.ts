import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore, type SessionsOptions } from '../../src/index.js'
import { LiveSession } from '../../src/service/live-session.js'
import { liveSessionOf } from '../../src/session/live-of.js'
import { alice, anonymous, bob, codeOf, service, startGate } from '../service.js'

type Read = SessionStore['read']
const said = (id: string) => ({ id, payload: '{"role":"user","content":"Hi"}' })
const gone = { code: 'not_found', message: 'There is no such session.' }

/** What a handle works on, how its store is asked, and the same session of another process. */
async function scene(options: SessionsOptions = {}) {
  const inner = memoryStore()
  const asked: unknown[] = []
  const commits: object[] = []
  let answer: Read = inner.read.bind(inner)
  const store: SessionStore = {
    ...inner,
    read: async (ref, how) => (asked.push(how), answer(ref, how)),
    commit: async (ref, change) => (commits.push(change), inner.commit(ref, change)),
  }
  const mine = service({ store, ...options }).for(alice)
  const session = await mine.create()
  const other = await service({ store: inner }).for(alice).get(session.id)
  asked.length = 0
  commits.length = 0
  const live = liveSessionOf(session, 'session')
  return { inner, asked, commits, mine, session, live, other, answerBy: (read: Read) => (answer = read) }
}

const noted = (body: LiveSession extends { update(change: infer Change): unknown } ? Change : never) => body

it('shows a copy that is as old as the settings allow, and never one that is older than what it knows', async () => {
  const { inner, asked, live, other, session, answerBy } = await scene({ reads: { maxAgeMs: 1000 } })
  const before = (await inner.read(live.ref))!
  await session.append([{ role: 'user', content: 'one' }])
  const copy = (await inner.read(live.ref))!
  await other.append({ role: 'user', content: 'two' })
  const now = (await inner.read(live.ref, { tail: 1 }))!
  const [strong, weak] = [{ tail: 1 }, { tail: 1, maxAgeMs: 1000 }]
  const shownWith = async (given: typeof copy | undefined) => {
    answerBy(async (ref, how) => (how?.maxAgeMs === undefined ? inner.read(ref, how) : given))
    asked.length = 0
    const { record, messages } = await live.show(1)
    return [record.lastSeq, messages.map(({ content }) => content), ...asked]
  }
  const of = (change: object) => ({ ...copy, record: { ...copy.record, ...change } })
  expect(await shownWith({ ...copy, messages: [] })).toEqual([1, [], weak])
  for (const given of [
    undefined,
    before,
    of({ incarnation: 'another', changes: 99 }),
    of({ userId: 'bob', changes: 99 }),
  ]) {
    // What is known again: only the message of this handle.
    expect(await shownWith(given)).toEqual([2, ['two'], weak, strong])
  }
  expect(await shownWith(now)).toEqual([2, ['two'], weak])
  asked.length = 0
  await live.load(1)
  expect(asked).toEqual([strong])
})

it('finds no session where another one has its id, or its owner is somebody else', async () => {
  const { inner, live, mine, session, answerBy } = await scene()
  const stored = (await inner.read(live.ref))!
  for (const change of [{ userId: 'bob' }, { incarnation: 'another' }]) {
    answerBy(async () => ({ ...stored, record: { ...stored.record, ...change } }))
    await expect(live.load()).rejects.toMatchObject(gone)
  }
  answerBy(async () => undefined)
  await expect(live.load()).rejects.toMatchObject(gone)
  await mine.delete(session.id).catch(() => {})
  await inner.remove(live.ref)
  await expect(session.append({ role: 'user', content: 'late' })).rejects.toMatchObject(gone)
  await expect(session.state.merge({ late: 1 })).rejects.toMatchObject(gone)
})

it('reads a session once that it has just read, and again after any other call', async () => {
  const { asked, live, other } = await scene()
  const reads = async (tail = 0) => {
    asked.length = 0
    const { messages } = await live.load(tail)
    return [asked.length, messages.length]
  }
  expect(await reads()).toEqual([1, 0])
  live.reuseRead()
  expect([await reads(), await reads()]).toEqual([
    [0, 0],
    [1, 0],
  ])
  await live.append([said('m1'), said('m2')])
  expect(live.seen).toBeDefined()
  live.reuseRead()
  expect(await reads(1)).toEqual([1, 1])
  const calls: (() => unknown)[] = [
    () => live.forgetRead(),
    () => live.touch(),
    () => live.append([said('m3')]),
    () => live.amend(1, said('m1').payload, live.record),
  ]
  for (const call of calls) {
    live.reuseRead()
    await call()
    expect(await reads()).toEqual([1, 0])
  }
  await other.state.merge({ theirs: 1 })
  await live.touch()
  expect(live.seen).toBeUndefined()
  live.reuseRead()
  expect(await reads()).toEqual([1, 0])
  expect(live.seen?.body.state).toEqual({ theirs: 1 })
})

it('tells a session that is still its own from one that is not', async () => {
  const { live, session } = await scene()
  expect(live.remembers).toBe(false)
  const { record, body } = await live.load()
  expect(live.mayStillOpen({ record: { ...record, title: 'x' }, body })).toBe(true)
  expect(live.mayStillOpen({ record: { ...record, userId: 'bob' }, body })).toBe(false)
  expect(live.mayStillOpen({ record: { ...record, incarnation: 'another' }, body })).toBe(false)
  const handle = (holdsCredential: boolean) =>
    new LiveSession(live.service, alice, { record, body }, { holdsCredential })
  await session.rotateCredential()
  const turned = await live.load()
  const [held, found] = [handle(true), handle(false)]
  expect([live, held, found].map((each) => each.mayStillOpen(turned))).toEqual([true, false, true])
  held.holds(turned.body.generation)
  found.holds(9)
  expect([held, found].map((each) => each.mayStillOpen(turned))).toEqual([true, true])
  const unread = new LiveSession(live.service, alice, { record }, { holdsCredential: true })
  expect(unread.mayStillOpen(turned)).toBe(true)
  const guest = new LiveSession(live.service, anonymous, { record, body }, { holdsCredential: true })
  expect(guest.mayStillOpen({ record, body })).toBe(false)
  const theirs = new LiveSession(live.service, bob, { record, body }, { holdsCredential: true })
  await expect(theirs.load()).rejects.toMatchObject(gone)
})

it('stores a draft unless its first change would be refused, to the letter', async () => {
  const limit = 1000
  const sessions = service({ limits: { maxSessionLength: limit } })
  const draft = () => liveSessionOf(sessions.for(alice).draft(), 'session')
  const grow = (length: number) =>
    noted((body) => ({ ...body, state: { phase: 'p', text: 'x'.repeat(length) } }))
  const stored = async (length: number, options = {}) => {
    const live = draft()
    const code = await codeOf(live.update(grow(length), options))
    const seen = await live.service.store.read(live.ref)
    expect([seen === undefined, live.isStored]).toEqual([code !== 'settled', code === 'settled'])
    return seen?.body.length
  }
  const most = limit - (await stored(0))!
  expect(most).toBeGreaterThan(100)
  expect([await stored(most), await stored(most + 1)]).toEqual([limit, undefined])
  expect([await stored(most + 50, { slack: 50 }), await stored(most + 51, { slack: 50 })]).toEqual([
    limit + 50,
    undefined,
  ])
  const named = { changeId: 'the name of a change' }
  const shift = named.changeId.length - 10
  expect([await stored(most - shift, named), await stored(most - shift + 1, named)]).toEqual([
    limit,
    undefined,
  ])
  // Nothing is left of one that insists on another revision.
  const live = draft()
  const { revision } = live.record
  expect(await codeOf(live.update(grow(1), { ifRevision: revision + 1 }))).toBe('conflict')
  expect(live.isStored).toBe(false)
  expect((await live.update(grow(1), { ifRevision: revision })).body.state['text']).toBe('x')
})

it('is at another revision once it is stored, whatever the caller insists on', async () => {
  const { mine, live, other } = await scene()
  const draft = liveSessionOf(mine.draft(), 'session')
  const { revision } = draft.record
  expect(await codeOf(draft.storeAt(revision + 1))).toBe('conflict')
  expect(draft.isStored).toBe(false)
  expect(await draft.storeAt(revision)).toBe(draft.record.revision)
  expect(draft.record.revision).toBe(1)
  const unasked = liveSessionOf(mine.draft(), 'session')
  expect(await unasked.storeAt(undefined)).toBeUndefined()
  expect(unasked.isStored).toBe(true)
  // Of one that is stored the store knows best.
  await other.state.merge({ theirs: 1 })
  expect(await live.storeAt(2)).toBe(2)
})

it('keeps the names of the newest 32 changes, each of ten letters', async () => {
  const { live } = await scene()
  for (let n = 0; n < 40; n++) await live.update((body) => ({ ...body, state: { n } }))
  const { changes } = (await live.load()).body
  expect(new Set(changes).size).toBe(32)
  expect(changes.every((id) => id.length === 10)).toBe(true)
})

it('makes a change that has a name once, and tells the seqs of its messages again', async () => {
  const { live, other, commits } = await scene()
  await other.append({ role: 'user', content: 'theirs' })
  const grow = noted((body) => ({ ...body, state: { n: Number(body.state['n'] ?? 0) + 1 } }))
  const once = { changeId: 'once', messages: [said('m1'), said('m2')] }
  const seqs = async (options: object) =>
    (await live.update(grow, options)).appended.map(({ seq, inserted }) => [seq, inserted])
  const first = [
    [2, true],
    [3, true],
  ]
  expect(await seqs(once)).toEqual(first)
  expect(await seqs(once)).toEqual(first.map(([seq]) => [seq, false]))
  expect(await seqs({ changeId: 'other' })).toEqual([])
  commits.length = 0
  expect([await seqs({ changeId: 'other' }), commits.length]).toEqual([[], 0])
  expect((await live.load()).body.state).toEqual({ n: 2 })
})

it('decides on the newest body, and gives the store nothing that was not asked for', async () => {
  const { live, other, asked, commits } = await scene()
  await other.state.merge({ theirs: 1 })
  const seen: unknown[] = []
  const pick = noted((body) => {
    seen.push(body.state)
    if (body.state['theirs'] === undefined) throw new SessionError('invalid', 'not there yet')
    return { ...body, state: { ours: 1 } }
  })
  await live.update(pick)
  expect(seen).toEqual([{}, { theirs: 1 }])
  expect(await codeOf(live.update(pick))).toBe('invalid')
  expect(Object.keys(commits.at(-1)!).toSorted()).not.toContain('lifetime')
  asked.length = 0
  commits.length = 0
  const same = await live.update((body) => body)
  expect([same.appended, same.body.state, asked.length, commits.length]).toEqual([[], { ours: 1 }, 1, 0])
  const lifetime = { idleMs: 60_000 }
  expect((await live.update((body) => body, { lifetime: () => lifetime })).record.lifetime).toEqual(lifetime)
})

it('knows what it has trimmed and amended', async () => {
  const { live, other } = await scene()
  await live.append(['a', 'b', 'c', 'd'].map(said))
  const trimmed = []
  for (const seq of [2, 1, 9]) {
    await live.trim(seq)
    trimmed.push(live.record.trimmedSeq)
  }
  expect(trimmed).toEqual([2, 2, 4])
  await live.append([said('e')])
  const changed = said('e').payload.replace('Hi', 'Ho')
  expect([
    await live.amend(5, changed, live.record),
    await live.amend(5, said('e').payload, live.record),
  ]).toEqual([true, true])
  expect(live.record.changes).toBe((await live.load()).record.changes)
  await other.append({ role: 'user', content: 'theirs' })
  expect(await live.amend(5, changed, live.record)).toBe(false)
})

it('stores a draft for whoever waits for nothing that is refused', async () => {
  const { mine, inner } = await scene()
  const refused = new SessionError('invalid', 'refused')
  const draft = () => liveSessionOf(mine.draft(), 'session')
  const alone = draft()
  await expect(alone.store(Promise.reject(refused))).rejects.toBe(refused)
  expect([alone.isStored, await inner.read(alone.ref)]).toEqual([false, undefined])
  // Another write begins while the creation waits for what is refused.
  const both = draft()
  const gate = startGate()
  const ready = gate.opened.then(() => Promise.reject(refused))
  const calls = Promise.allSettled([both.store(ready), both.store()])
  gate.open()
  expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(both.isStored).toBe(true)
  // And the other way round.
  const late = draft()
  await Promise.all([late.store(Promise.resolve()), late.store(Promise.reject(refused).catch(() => {}))])
  const whole = draft()
  const first = whole.store()
  const second = Promise.reject(refused)
  second.catch(() => {})
  expect(await codeOf(Promise.all([first, whole.store(second)]))).toBe('settled')
  expect(late.isStored && whole.isStored).toBe(true)
})

it('says why a draft could not be stored, also to those whose messages were ready', async () => {
  const down = new SessionError('unavailable', 'down')
  let tries = 0
  const store: SessionStore = { ...memoryStore(), commit: async () => (tries++, Promise.reject(down)) }
  const draft = liveSessionOf(service({ store }).for(alice).draft(), 'session')
  expect(await codeOf(draft.store(Promise.resolve('ready')))).toBe('unavailable')
  expect([tries, draft.isStored]).toEqual([1, false])
  const { record, messages } = await draft.load(5)
  expect([record.id, messages]).toEqual([draft.ref.id, []])
})

it('asks a redactor before it stores a draft', async () => {
  const redact = (text: string): string => {
    if (text.includes('secret')) throw new Error('odd')
    return text.replaceAll('long', 'x'.repeat(2000))
  }
  const { mine } = await scene({ redact, onWarning: () => {}, limits: { maxSessionLength: 1000 } })
  for (const text of ['secret', 'long']) {
    const draft = mine.draft()
    expect(await codeOf(draft.state.merge({ text }))).not.toBe('settled')
    expect(draft.isStored, text).toBe(false)
  }
  const draft = mine.draft()
  await draft.state.merge({ text: 'fine' })
  expect(await draft.state.get()).toEqual({ text: 'fine' })
})
