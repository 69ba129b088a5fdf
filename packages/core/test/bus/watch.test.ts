import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createSessions,
  memoryBus,
  memoryStore,
  type Session,
  type SessionRecord,
  type SessionWarning,
  type Sessions,
} from '../../src/index.js'
import { justRead } from '../../src/session/live-of.js'
import { channelBus, type SessionBus } from '../../src/store.js'
import { countingStore } from './counting-store.js'
import { LossyChannels } from './lossy-channels.js'
import { alice, anonymous } from '../service.js'

// So rarely does a watcher ask by itself that the tests would hang.
const pollMs = 3_600_000
const made: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map((one) => one.close()))
})

const secrets = ['a secret that is long enough for all of these tests']

function over(store = memoryStore(), bus: SessionBus = memoryBus()): Sessions {
  const sessions = createSessions({ store, bus, credentialSecrets: secrets })
  made.push(sessions, bus)
  return sessions
}

/** Two services that know each other by a bus alone. */
function pair(): { one: Sessions; other: Sessions; channels: LossyChannels } {
  const channels = new LossyChannels()
  const store = memoryStore()
  const [one, other] = [1, 2].map(() => over(store, channelBus(channels.open())))
  return { one: one!, other: other!, channels }
}

async function opened(sessions: Sessions, credential: string, identity = anonymous): Promise<Session> {
  return (await sessions.for(identity).findByCredential(credential))!
}

async function next(watch: AsyncIterator<SessionRecord>): Promise<SessionRecord | undefined> {
  const { done, value } = await watch.next()
  return done === true ? undefined : value
}

describe('a watcher, with a bus', () => {
  it('hears of every kind of change at once, and is not asked to poll', async () => {
    const { one, other } = pair()
    const session = await one.for(alice).create({ id: 's' })
    const watch = (await other.for(alice).get('s')).watch({ pollMs })[Symbol.asyncIterator]()
    const first = await next(watch)
    const changes: (() => Promise<unknown>)[] = [
      () => session.append({ role: 'user', content: 'Hi' }),
      () => session.state.merge({ phase: 'browse' }),
      () => session.cart.add({ sku: 'a', name: 'a', price: { amount: 1, currency: 'EUR' } }),
      () => session.edit({ title: 'Phones' }),
      () => session.amend(1, { content: 'Hello' }),
      () => session.turn('And?', () => 'So').result,
    ]
    let before = first!.changes
    for (const change of changes) {
      const [record] = await Promise.all([next(watch), change()])
      expect(record!.changes).toBeGreaterThan(before)
      before = record!.changes
    }
    await watch.return?.()
  })

  it.each<[string, (sessions: Sessions, credential: string) => Promise<unknown>]>([
    ['deleted', async (one, credential) => (await opened(one, credential)).delete()],
    ['bound to a user', async (one, credential) => (await opened(one, credential, alice)).bind()],
    [
      'given another credential',
      async (one, credential) => (await opened(one, credential)).rotateCredential(),
    ],
  ])('hears of its end when the session is %s', async (_, end) => {
    const { one, other } = pair()
    const credential = await (await one.for(anonymous).create({ id: 's' })).credential()
    const watch = (await opened(other, credential)).watch({ pollMs })[Symbol.asyncIterator]()
    await next(watch)
    await Promise.all([expect(next(watch)).resolves.toBeUndefined(), end(one, credential)])
  })

  it('looks itself when the bus has missed something, and polls while it is down', async () => {
    const { one, other, channels } = pair()
    const session = await one.for(alice).create({ id: 's' })
    const watch = (await other.for(alice).get('s')).watch({ pollMs: 5 })[Symbol.asyncIterator]()
    await next(watch)
    channels.loses = () => true
    const missed = next(watch)
    await session.state.merge({ a: 1 })
    channels.break()
    expect((await missed)!.changes).toBeGreaterThan(1)
    // Nobody tells of this one.
    const polled = next(watch)
    await session.state.merge({ a: 2 })
    expect((await polled)!.revision).toBe(3)
    channels.loses = () => false
    channels.mend()
    const told = next(watch)
    await session.state.merge({ a: 3 })
    expect((await told)!.revision).toBe(4)
    await watch.return?.()
  })

  it('polls once the bus is closed, which its owner may do at any time', async () => {
    const store = memoryStore()
    const bus = memoryBus()
    const watching = over(store, bus)
    const session = await over(store).for(alice).create({ id: 's' })
    const watch = (await watching.for(alice).get('s')).watch({ pollMs: 5 })[Symbol.asyncIterator]()
    await next(watch)
    const waiting = next(watch)
    await bus.close()
    await session.state.merge({ a: 1 })
    expect((await waiting)!.revision).toBe(2)
    await watch.return?.()
  })

  it('shares one read with all who watch, and leaves nothing behind', async () => {
    const { store, reads } = countingStore(memoryStore())
    const sessions = over(store)
    const session = await sessions.for(alice).create({ id: 's' })
    const watches = await Promise.all(
      Array.from({ length: 10 }, async () =>
        (await sessions.for(alice).get('s')).watch({ pollMs })[Symbol.asyncIterator](),
      ),
    )
    await Promise.all(watches.map(next))
    const before = reads()
    const woken = Promise.all(watches.map(next))
    await session.append({ role: 'user', content: 'Hi' })
    await woken
    expect(reads() - before).toBeLessThanOrEqual(3)
    await Promise.all(watches.map((watch) => watch.return?.()))
  })

  it('begins beside others without having them look again', async () => {
    const { store, reads } = countingStore(memoryStore())
    const sessions = over(store)
    await sessions.for(alice).create({ id: 's' })
    const watches: AsyncIterator<SessionRecord>[] = []
    const begin = async (): Promise<void> => {
      // As a stream over HTTP: its handle was read before.
      const session = justRead(await sessions.for(alice).get('s'))
      const watch = session.watch({ pollMs })[Symbol.asyncIterator]()
      expect((await next(watch))!.id).toBe('s')
      void next(watch)
      watches.push(watch)
    }
    await begin()
    const before = reads()
    for (let one = 0; one < 20; one++) await begin()
    // Its own by `get`, each.
    expect(reads() - before).toBeLessThan(25)
    await sessions.for(alice).delete('s')
    await Promise.all(watches.map(async (watch) => watch.return?.()))
  })

  it('begins with what its own handle has written, whatever others saw before', async () => {
    for (const bus of [memoryBus(), undefined]) {
      const sessions = createSessions({ store: memoryStore(), ...(bus && { bus }) })
      made.push(sessions, ...(bus === undefined ? [] : [bus]))
      const early = (await sessions.for(alice).create({ id: 's' })).watch({ pollMs })[Symbol.asyncIterator]()
      await next(early)
      const session = await sessions.for(alice).get('s')
      await session.append({ role: 'user', content: 'Hi' })
      const watch = session.watch({ pollMs })[Symbol.asyncIterator]()
      expect(await next(watch)).toMatchObject({ lastSeq: 1 })
      await Promise.all([early.return?.(), watch.return?.()])
    }
  })

  it('misses no change that comes between its look and its waiting', async () => {
    const { one, other } = pair()
    const session = await one.for(alice).create({ id: 's' })
    const watch = (await other.for(alice).get('s')).watch({ pollMs })[Symbol.asyncIterator]()
    for (let round = 0; round < 200; round++) {
      const { record } = await session.state
        .merge({ round })
        .then(async () => ({ record: await session.read() }))
      let seen = (await next(watch))!.changes
      while (seen < record.record.changes) seen = (await next(watch))!.changes
      expect(seen).toBe(record.record.changes)
    }
    await watch.return?.()
  })

  it('ends when the time of its session is over, though nobody tells of that', async () => {
    const session = await over().for(alice).create()
    await session.extend({ idleMs: 40 })
    const watch = session.watch({ pollMs })[Symbol.asyncIterator]()
    expect((await next(watch))!.id).toBe(session.id)
    expect(await next(watch)).toBeUndefined()
  })

  it('ends with its signal, also when that was aborted before, and looks at nothing more', async () => {
    const { store, reads } = countingStore(memoryStore())
    const session = await over(store).for(alice).create()
    const stop = new AbortController()
    const watch = session.watch({ pollMs, signal: stop.signal })[Symbol.asyncIterator]()
    await next(watch)
    const waiting = next(watch)
    const before = reads()
    stop.abort()
    expect(await waiting).toBeUndefined()
    const late = session.watch({ pollMs, signal: stop.signal })[Symbol.asyncIterator]()
    expect((await next(late))!.id).toBe(session.id)
    const afterFirst = reads()
    expect(await next(late)).toBeUndefined()
    expect([reads() - afterFirst, afterFirst - before]).toEqual([0, 1])
  })

  it.each([0, 0.5, -1, 2 ** 31, Infinity])('is not asked to look every %s ms', async (ms) => {
    const session = await over().for(alice).create()
    const watch = session.watch({ pollMs: ms })[Symbol.asyncIterator]()
    await expect(watch.next()).rejects.toMatchObject({
      code: 'invalid',
      path: 'pollMs',
      message: 'pollMs must be from 1 to 2147483647',
    })
  })

  it.each([1, 2 ** 31 - 1])('may be asked to look every %s ms', async (ms) => {
    const session = await over().for(alice).create()
    const watch = session.watch({ pollMs: ms })[Symbol.asyncIterator]()
    expect((await next(watch))!.id).toBe(session.id)
    await watch.return?.()
  })

  it('asks the store of sessions that a bus cannot be listened to for', async () => {
    const channels = new LossyChannels()
    channels.break()
    const store = memoryStore()
    const bus = channelBus(channels.open())
    const warnings: string[] = []
    const onWarning = ({ code, cause }: SessionWarning) => warnings.push(`${code}: ${String(cause)}`)
    const sessions = createSessions({ store, bus, onWarning })
    made.push(sessions, bus)
    const session = await sessions.for(alice).create({ id: 's' })
    const watch = (await sessions.for(alice).get('s')).watch({ pollMs: 5 })[Symbol.asyncIterator]()
    await next(watch)
    const seen = next(watch)
    await createSessions({ store })
      .for(alice)
      .get('s')
      .then((other) => other.state.merge({ a: 1 }))
    expect((await seen)!.revision).toBe(2)
    expect(warnings).toEqual(['bus_failed: Error: the connection is broken'])
    // It is tried again, and then tells of changes.
    channels.mend()
    await channels.listened
    const woken = next(watch)
    await session.state.merge({ a: 2 })
    expect((await woken)!.revision).toBe(3)
    await watch.return?.()
    await session.delete()
  })
})

describe('a stream of a turn, with a bus', () => {
  it('ends at once when its credential has been replaced', async () => {
    const { one, other } = pair()
    const credential = await (await one.for(anonymous).create({ id: 's' })).credential()
    const owner = await opened(one, credential)
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const turn = owner.turn('Hi', async function* () {
      yield 'Hello'
      await held
    })
    const { turnId } = await turn.started
    const events = (await opened(other, credential)).watchTurn(turnId)[Symbol.asyncIterator]()
    await events.next()
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
    try {
      // No timer runs any more, so nobody asks the store from time to time.
      const end = (async () => {
        for (;;) if ((await events.next()).done === true) return
      })()
      await owner.rotateCredential()
      await vi.advanceTimersByTimeAsync(15)
      await end
    } finally {
      vi.useRealTimers()
    }
    release()
    await turn.result
  })
})
