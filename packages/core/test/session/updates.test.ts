import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  type LiveUpdate,
  memoryBus,
  memoryStore,
  type Session,
  SessionError,
  type SessionsOptions,
  type SessionStore,
  textOf,
} from '../../src/index.js'
import type { SubscribeOptions } from '../../src/http.js'
import { liveSessionOf } from '../../src/session/live-of.js'
import { alice, codeOf, service } from '../service.js'

let over: AbortController
beforeEach(() => void (over = new AbortController()))
afterEach(() => over.abort())

const said = (content: string) => ({ role: 'user', content }) as const
const lease = (id: string) => ({ id, fence: 1, messageId: 'm', replyId: 'r', after: 0 })

/** A session, a store of it that can be told what to do, and what reads of messages asked for. */
async function scene(count = 0, options: SessionsOptions = {}) {
  const inner = memoryStore()
  const asked: object[] = []
  let instead: SessionStore['messages'] | undefined
  const store: SessionStore = {
    ...inner,
    messages: async (ref, query) => {
      asked.push(query)
      const once = instead
      instead = undefined
      return once === undefined ? inner.messages(ref, query) : once(ref, query)
    },
  }
  const sessions = service({ store, bus: memoryBus(), ...options })
  const messages = Array.from({ length: count }, (_, n) => said(`m${n + 1}`))
  const session = await sessions.for(alice).create({ id: 's', messages })
  const live = liveSessionOf(session, 'session')
  /** Has the session a turn, or none, without anything else that a turn does. */
  const turn = (id?: string) =>
    live.update((body) => ({ ...body, turn: id === undefined ? undefined : lease(id) }))
  const atNextRead = (read: SessionStore['messages']) => void (instead = read)
  return { inner, sessions, session, live, asked, turn, atNextRead }
}

/** Takes updates, in short: what they are, and what they are about. */
function follow(session: Session, options: SubscribeOptions = {}) {
  const updates = session.subscribe({ pollMs: 1, signal: over.signal, ...options })
  const next = async () => (await updates.next()).value as LiveUpdate | undefined
  const take = async (count: number) => {
    const all: string[] = []
    while (all.length < count) all.push(short(await next()))
    return all
  }
  return { next, take }
}

function short(update: LiveUpdate | undefined): string {
  if (update === undefined) return 'over'
  switch (update.type) {
    case 'message':
      return textOf(update.message)
    case 'turn':
      return `${update.turnId} ${update.status}`
    case 'removed':
      return `${update.id} removed`
    default:
      return `${update.type} ${update.parts.length > 3 ? 'all' : update.parts.join(' ')}`
  }
}

it('a turn is told where it starts and settles, and one right after another as both', async () => {
  const { session, turn } = await scene()
  const { next, take } = follow(session)
  const first = (await next())!
  expect([short(first), 'turnId' in first]).toEqual(['changed all', false])
  await turn('one')
  expect(await next()).toMatchObject({ type: 'turn', turnId: 'one', status: 'started' })
  expect(await next()).toMatchObject({ type: 'changed', parts: ['turn'], turnId: 'one' })
  await turn('two')
  expect(await take(3)).toEqual(['one settled', 'two started', 'changed turn'])
  await turn()
  expect(await take(1)).toEqual(['two settled'])
  const last = (await next())!
  expect([short(last), 'turnId' in last]).toEqual(['changed turn', false])
  await session.edit({ title: 'x' })
  expect(await take(1)).toEqual(['changed title'])
})

it('who goes on from an update is told what came after it, and not of a turn that runs', async () => {
  const { session, turn } = await scene(2)
  const { id } = (await follow(session).next())!
  await session.append(said('m3'))
  await turn('one')
  const { take } = follow(session, { after: id })
  expect(await take(2)).toEqual(['m3', 'changed all'])
  // Who knows it all is told the next change alone.
  const known = (await follow(session).next())!.id
  const waiting = follow(session, { after: known })
  const told = waiting.take(2)
  await new Promise((resolve) => void setImmediate(resolve))
  await session.edit({ title: 'x' })
  await session.append(said('m4'))
  expect((await told).at(-1)).toMatch(/^(m4|changed .*)$/)
  // A change of parts alone comes without messages, and a message once.
  const late = follow(session, { after: id })
  expect(await late.take(3)).toEqual(['m3', 'm4', 'changed all'])
})

it('a place is known again by its message, and nowhere else', async () => {
  const { session, asked } = await scene(3)
  const { id } = (await follow(session).next())!
  expect(asked).toEqual([{ after: 2, before: 4, limit: 100 }])
  const [incarnation, , changes, mark] = id.split('.')
  const at = async (seq: number, given = mark) => {
    const [first] = await follow(session, { after: `${incarnation}.${seq}.${changes}.${given}` }).take(1)
    return first
  }
  expect(await at(3, 'AAAAAA')).toBe('reset all')
  expect(await at(2)).toBe('reset all')
  expect(await codeOf(follow(session, { after: 5 as never }).next())).toBe('invalid')
  expect(short(await follow(session, { after: 'none' }).next())).toBe('reset all')
  // Of one without messages there is no mark, and nothing is read for it.
  const empty = await scene()
  const begun = (await follow(empty.session).next())!.id
  expect([begun.endsWith('.'), empty.asked]).toEqual([true, []])
  await empty.session.append([said('m1'), said('m2')])
  expect(await follow(empty.session, { after: begun }).take(3)).toEqual(['m1', 'm2', 'changed all'])
  await empty.live.trim(1)
  expect(await follow(empty.session, { after: begun }).take(1)).toEqual(['reset all'])
})

it('messages that are gone are a reset, and so is the one at the place', async () => {
  const { session, live } = await scene(4)
  const { next, take } = follow(session)
  const { id } = (await next())!
  await session.append(said('m5'))
  await live.trim(4)
  expect(await follow(session, { after: id }).take(1)).toEqual(['reset all'])
  // Who has followed all the time misses nothing of what is left.
  expect(await take(2)).toEqual(['m5', 'changed messages history'])
  await session.append([said('m6'), said('m7')])
  await live.trim(6)
  expect(await take(1)).toEqual(['reset all'])
})

it('messages that go while they are read are a reset, and those that come are told later', async () => {
  const { inner, session, live, asked, atNextRead } = await scene(1)
  const { next, take } = follow(session)
  await next()
  await session.append([said('m2'), said('m3')])
  atNextRead(async (ref, query) => {
    await live.trim(2)
    return inner.messages(ref, query)
  })
  expect((await take(1))[0]).toBe('reset all')
  await session.append(said('m4'))
  atNextRead(async (ref, query) => {
    await session.append(said('m5'))
    return inner.messages(ref, query)
  })
  asked.length = 0
  expect(await take(4)).toEqual(['m4', 'changed messages history', 'm5', 'changed messages'])
  expect(asked).toEqual([
    { after: 2, before: 5, limit: 100 },
    { after: 3, before: 6, limit: 100 },
  ])
  // The store that is away says so.
  await session.append(said('m6'))
  atNextRead(() => Promise.reject(new SessionError('unavailable', 'away')))
  expect(await codeOf(next())).toBe('unavailable')
})

it('a session that goes while its messages are read is removed', async () => {
  const { inner, session, atNextRead } = await scene(1)
  const { next, take } = follow(session)
  await next()
  await session.append(said('m2'))
  atNextRead(async (ref, query) => {
    await session.delete()
    return inner.messages(ref, query)
  })
  const all = await take(2)
  // What was read of it last may be told.
  expect(all).toEqual(['reset all', 'end removed'])
  expect(await next()).toBeUndefined()
})

it('the end is told to who waits, and not to who has quit', async () => {
  const { session } = await scene()
  const quit = new AbortController()
  const [waiting, quitting] = [
    follow(session, { signal: undefined as never }),
    follow(session, { signal: quit.signal }),
  ]
  await Promise.all([waiting.next(), quitting.next()])
  const last = quitting.next()
  quit.abort()
  expect(await last).toBeUndefined()
  await session.delete()
  expect(await waiting.next()).toEqual({ id: 'end', type: 'removed' })
})

it('only messages of the active branch are told', async () => {
  const { session } = await scene(1)
  const { next, take } = follow(session)
  const { id } = (await next())!
  await session.append(said('left'))
  await session.rewind(1)
  await session.append(said('kept'))
  expect(await take(2)).toEqual(['kept', 'changed messages branches history'])
  expect(await follow(session, { after: id }).take(2)).toEqual(['kept', 'changed all'])
})

it('of a history that has expired nothing is told, and nobody asks where none expires', async () => {
  const { session, asked, live } = await scene(1)
  const { id } = (await follow(session).next())!
  await session.append(said('m2'))
  asked.length = 0
  await follow(session, { after: id }).take(2)
  expect(asked).toEqual([{ after: 0, before: 3, limit: 100 }])
  const kept = service({ store: live.service.store, ttl: { historyMs: 60_000 } })
  asked.length = 0
  const young = follow(await kept.for(alice).get('s'), { after: id })
  expect(await young.take(2)).toEqual(['m2', 'changed all'])
  expect(asked[0]).toEqual({ limit: 1, order: 'desc' })
  const old = { ...memoryStore(), ...live.service.store }
  const read: SessionStore['messages'] = async (ref, query) => {
    const page = await live.service.store.messages(ref, query)
    return { ...page, messages: page.messages.map((message) => ({ ...message, at: 1 })) }
  }
  const gone = service({ store: { ...old, messages: read }, ttl: { historyMs: 60_000 } })
  expect(await follow(await gone.for(alice).get('s'), { after: id }).take(1)).toEqual(['changed all'])
})
