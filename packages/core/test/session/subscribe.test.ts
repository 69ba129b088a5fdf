import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSessions,
  type LiveUpdate,
  memoryBus,
  memoryStore,
  type Session,
  type Sessions,
  type SessionStore,
  textOf,
} from '../../src/index.js'
import type { SubscribeOptions } from '../../src/http.js'
import { wrapStore } from '../../src/testing/wrap-store.js'
import { alice, anonymous } from '../service.js'

// So rarely does a subscriber ask by itself that the tests would hang.
const pollMs = 3_600_000
const credentialSecrets = ['a secret that is long enough for all of these tests']
const closing: Sessions[] = []
let over: AbortController
beforeEach(() => {
  over = new AbortController()
})
afterEach(async () => {
  over.abort()
  await Promise.all(closing.splice(0).map((each) => each.close()))
})

function service(store: SessionStore = memoryStore(), bus = memoryBus()): Sessions {
  const sessions = createSessions({ store, bus, credentialSecrets })
  closing.push(sessions)
  return sessions
}

function subscribe(session: Session, options: SubscribeOptions = {}) {
  const updates = session.subscribe({ pollMs, signal: over.signal, ...options })
  return {
    next: async () => (await updates.next()).value as LiveUpdate,
    /** As many updates as a change brings. */
    async during(change: () => Promise<unknown>, count: number): Promise<string[]> {
      const taken = (async () => {
        const all: string[] = []
        while (all.length < count) all.push(said((await updates.next()).value as LiveUpdate))
        return all
      })()
      await change()
      return taken
    },
  }
}

function said(update: LiveUpdate): string {
  switch (update.type) {
    case 'message':
      return `message ${update.message.seq}: ${textOf(update.message)}`
    case 'turn':
      return `turn ${update.status}`
    case 'removed':
      return update.type
    default:
      return [update.type, ...update.parts].join(' ')
  }
}

/** What comes after an update of a session that nobody changes any more. */
async function rest(session: Session, after: string): Promise<LiveUpdate[]> {
  const quit = new AbortController()
  const all: LiveUpdate[] = []
  for await (const update of session.subscribe({ after, pollMs: 1, signal: quit.signal })) {
    all.push(update)
    if (update.type === 'changed' || update.type === 'reset') quit.abort()
  }
  return all
}

const hello = (content: string) => ({ role: 'user', content }) as const
const phone = { sku: 'a', name: 'Phone', price: { amount: 1, currency: 'EUR' } }
const everything =
  'messages cart orders state preferences facts summaries branches transfers usage turn title label lifetime owner history'

describe('a subscription', () => {
  it('tells what changed: messages first, then turns, then the parts that differ', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create({ id: 's' })
    const updates = subscribe(await sessions.for(alice).get('s'))
    expect(await updates.during(async () => {}, 1)).toEqual([`changed ${everything}`])
    const changes: [() => Promise<unknown>, ...string[]][] = [
      [
        () => session.append([hello('Hi'), hello('there')]),
        'message 1: Hi',
        'message 2: there',
        'changed messages',
      ],
      [() => session.state.merge({ phase: 'browse' }), 'changed state'],
      [() => session.cart.add(phone), 'changed cart'],
      [() => session.cart.checkout({}), 'changed cart orders'],
      [() => session.preferences.merge({ brand: 'x' }), 'changed preferences'],
      [() => session.remember({ text: 'likes red' }), 'changed facts'],
      [() => session.edit({ title: 'Phones', label: 'shop' }), 'changed title label'],
      [() => session.extend({ idleMs: 60_000 }), 'changed lifetime'],
      [() => session.annotate(1, { rating: 'up' }), 'changed history'],
      [() => session.rewind(1), 'changed branches history'],
      [() => session.transfer({ mode: 'copy' }), 'changed transfers'],
    ]
    for (const [change, ...told] of changes) {
      expect(await updates.during(change, told.length)).toEqual(told)
    }
    // A redaction is several commits, and each of them says that earlier messages are others.
    expect(await updates.during(() => session.redact(1), 1)).toEqual(['changed history'])
  })

  it('tells of a turn that starts and settles, with what it stores', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create({ id: 's' })
    const updates = subscribe(await sessions.for(alice).get('s'))
    await updates.next()
    let answer: (text: string) => void
    const answered = new Promise<string>((resolve) => (answer = resolve))
    const turn = session.turn('Hi', () => answered)
    expect(await updates.during(() => turn.started, 3)).toEqual([
      'message 1: Hi',
      'turn started',
      'changed messages turn',
    ])
    const others = subscribe(await sessions.for(alice).get('s'))
    expect(await others.next()).toMatchObject({ type: 'changed', turnId: (await turn.started).turnId })
    answer!('Ho')
    expect(await updates.during(() => turn.result, 3)).toEqual([
      'message 2: Ho',
      'turn settled',
      'changed messages usage turn',
    ])
  })

  it('goes on after any update without a gap and without a message twice', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create({ id: 's' })
    const updates = subscribe(await sessions.for(alice).get('s'))
    const all: LiveUpdate[] = [await updates.next()]
    const told = async (change: Promise<unknown>): Promise<void> => {
      await change
      const { changes } = (await session.read()).record
      for (;;) {
        const update = await updates.next()
        all.push(update)
        if (update.type === 'changed' && update.contents.record.changes === changes) return
      }
    }
    await told(session.append(Array.from({ length: 104 }, (_, n) => hello(`m${n + 1}`))))
    await told(session.state.merge({ a: 1 }))
    await told(session.append(hello('m105')))
    await told(session.edit({ title: 'x' }))
    const end = all.at(-1)!
    let known = 0
    for (const update of all) {
      if (update.type === 'message') known = update.message.seq
      const later = update === end ? [] : await rest(session, update.id)
      const seqs = later.flatMap((each) => (each.type === 'message' ? [each.message.seq] : []))
      if (update !== end) expect(seqs).toEqual(Array.from({ length: 105 - known }, (_, n) => known + 1 + n))
      if (update !== end) expect(later.at(-1)).toMatchObject({ type: 'changed', id: end.id })
    }
    // Whoever knows it all is told the next change alone.
    const resumed = subscribe(await sessions.for(alice).get('s'), { after: end.id })
    expect(await resumed.during(() => session.state.merge({ a: 2 }), 1)).toEqual(['changed state'])
  })

  it('says reset when it cannot tell what came after', async () => {
    const sessions = service()
    const mine = sessions.for(alice)
    const session = await mine.create({ id: 's', messages: [hello('one'), hello('two')] })
    const { id } = await subscribe(session).next()
    const [incarnation, seq, changes, mark] = id.split('.')
    expect([seq, mark?.length]).toEqual(['2', 6])
    for (const after of [
      '',
      'end',
      'x',
      '1-abc',
      `${incarnation}.${seq}`,
      `other.${seq}.${changes}.${mark}`,
      `%.${seq}.${changes}.${mark}`,
      `${incarnation}.3.${changes}.${mark}`,
      `${incarnation}.1.${changes}.${mark}`,
      `${incarnation}.${seq}.${changes}.AAAAAA`,
      `${incarnation}.${seq}.9-${changes?.split('-')[1]}.${mark}`,
      `${incarnation}.${seq}.${changes}1.${mark}`,
    ]) {
      expect([after, (await rest(session, after)).map(({ type }) => type)]).toEqual([after, ['reset']])
    }
    await session.reset()
    expect((await rest(session, id)).map(said)).toEqual([`reset ${everything}`])
    await session.delete()
    const made = await mine.create({ id: 's', messages: [hello('one'), hello('two')] })
    expect((await rest(made, id)).map(said)).toEqual([`reset ${everything}`])
  })

  it('says reset when a failover has lost what was told, also where other writes took its place', async () => {
    const [before, after] = [memoryStore(), memoryStore()]
    let current = before
    const store = new Proxy(before, { get: (_, name: keyof SessionStore) => current[name]!.bind(current) })
    const sessions = service(store)
    const session = await sessions.for(alice).create({ id: 's', messages: [hello('one')] })
    const ref = { tenantId: 'acme', id: 's' }
    const { record, body, messages } = (await before.read(ref, { tail: 9 }))!
    await after.restore(ref, { record, body, messages })
    const updates = subscribe(await sessions.for(alice).get('s'))
    const early = await updates.next()
    expect(await updates.during(() => session.append(hello('lost')), 2)).toEqual([
      'message 2: lost',
      'changed messages',
    ])
    const late = (await rest(session, early.id)).at(-1)!
    current = after
    const reader = await sessions.for(alice).get('s')
    expect((await rest(reader, late.id)).map(({ type }) => type)).toEqual(['reset'])
    // No failover is over within a millisecond.
    const lostAt = Date.now()
    await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(lostAt)
    // The same seq and the same number of changes, and yet another message.
    expect(await updates.during(() => reader.append(hello('other')), 1)).toEqual([`reset ${everything}`])
    expect((await rest(reader, late.id)).map(({ type }) => type)).toEqual(['reset'])
    expect((await rest(reader, early.id)).map(said)).toEqual(['message 2: other', `changed ${everything}`])
    expect(await updates.during(() => reader.append(hello('next')), 2)).toEqual([
      'message 3: next',
      'changed messages',
    ])
  })

  it('reads no more than its reader takes, and of parts only the newest', async () => {
    const calls: string[] = []
    const store = wrapStore(memoryStore(), (method, call) => {
      calls.push(method)
      return call()
    })
    const sessions = service(store)
    const session = await sessions.for(alice).create({ id: 's' })
    const updates = subscribe(await sessions.for(alice).get('s'))
    await updates.next()
    for (let n = 1; n <= 25; n++) {
      await session.append(Array.from({ length: 10 }, (_, m) => hello(`${n}.${m}`)))
      await session.state.merge({ n })
    }
    calls.length = 0
    const first = await updates.next()
    expect([said(first), calls]).toEqual(['message 1: 1.0', ['read', 'messages']])
    for (let n = 2; n <= 250; n++) expect((await updates.next()).type).toBe('message')
    const now = await updates.next()
    expect(now).toMatchObject({ type: 'changed', contents: { state: { n: 25 } } })
    expect(calls).toEqual(['read', ...Array.from({ length: 3 }, () => 'messages')])
  })

  it('reads once for all who subscribe in a process, and again for what is long', async () => {
    const calls: string[] = []
    const store = wrapStore(memoryStore(), (method, call) => {
      calls.push(method)
      return call()
    })
    const sessions = service(store)
    const session = await sessions.for(alice).create({ id: 's' })
    await session.append(hello('first'))
    const readers = await Promise.all(Array.from({ length: 50 }, () => sessions.for(alice).get('s')))
    const all = readers.map((reader) => subscribe(reader))
    const during = async (change: () => Promise<unknown>, count: number): Promise<string[]> => {
      calls.length = 0
      const begun = change()
      const told = await Promise.all(all.map((updates) => updates.during(() => begun, count)))
      expect(new Set(told.map((one) => one.join())).size).toBe(1)
      return told[0]!
    }
    await during(async () => {}, 1)
    expect(calls.filter((method) => method === 'messages').length).toBeLessThan(10)
    expect(await during(() => session.append(hello('next')), 2)).toEqual([
      'message 2: next',
      'changed messages',
    ])
    expect(calls.filter((method) => method === 'messages').length).toBeLessThan(10)
    const long = 'long '.repeat(20_000)
    expect(await during(() => session.append(hello(long)), 2)).toHaveLength(2)
    // What has just been read for others does not stay in memory.
    for (const late of [await sessions.for(alice).get('s'), await sessions.for(alice).get('s')]) {
      calls.length = 0
      await subscribe(late).next()
      expect(calls).toContain('messages')
    }
  })

  it.each<[string, (session: Session) => Promise<unknown>]>([
    ['deleted', async (session) => session.delete()],
    ['given another credential', async (session) => session.rotateCredential()],
  ])('ends at once when the session is %s', async (_, end) => {
    const sessions = service()
    const made = await sessions.for(anonymous).create({ id: 's' })
    const credential = await made.credential()
    const held = await sessions.for(anonymous).findByCredential(credential)
    const updates = subscribe(held!)
    await updates.next()
    expect(await updates.during(() => end(made), 1)).toEqual(['removed'])
    expect(await updates.next()).toBeUndefined()
  })

  it('begins with a draft, and goes on when it is stored', async () => {
    const draft = service().for(alice).draft()
    const updates = subscribe(draft, { pollMs: 1 })
    expect((await updates.next()).type).toBe('changed')
    await draft.append(hello('Hi'))
    let told = await updates.next()
    // It is stored first, which may be told apart.
    if (told.type === 'changed') told = await updates.next()
    expect(said(told)).toBe('message 1: Hi')
  })
})
