import { expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionEvent,
  type SessionStore,
} from '../../src/index.js'
import { decodeBody } from '../../src/domain/session-body.js'
import { haltingStore } from '../../src/testing/halting-store.js'
import { alice, codeOf, startGate } from '../service.js'
import { echo, lines } from './turns.js'

const turns = { leaseMs: 30_000, heartbeatMs: 3_600_000, flushMs: 3_600_000 }
const part = (n: number, more: object) => ({ n, ...more })

/** A turn whose process is dead, by a clock of the test; `tell` writes what that process has said of it. */
async function lostTurn(options: object = {}) {
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  const { store: dying, kill } = haltingStore(store)
  const doomed = await createSessions({ store: dying, turns }).for(alice).open('one')
  const turn = doomed.turn({ id: 'm', content: 'Hi' }, () => new Promise(() => {}))
  const { turnId } = await turn.started
  kill()
  now += 31_000
  const ref = { tenantId: '~turns:acme', id: turnId }
  const events: SessionEvent[] = []
  const living = (over: SessionStore = store) =>
    createSessions({
      store: over,
      turns,
      onEvent: (event) => events.push(event),
      onWarning: () => {},
      ...options,
    })
  const tell = async (...batches: readonly (readonly object[])[]) =>
    store.commit(ref, {
      messages: batches.map((batch, index) => ({ id: `b${index}`, payload: JSON.stringify(batch) })),
    })
  return { store, ref, turnId, living, tell, events, pass: (ms: number) => (now += ms) }
}

it('is what its process had said of it, with what that used, and its end is told', async () => {
  const { living, tell, events, turnId, pass } = await lostTurn({
    usage: { currency: 'EUR' },
    credentialSecrets: ['a secret that only these tests may know'],
  })
  await tell(
    [part(1, { type: 'started', turnId: 't', messageId: 'm', seq: 1, replyId: 'm.r1' })],
    // More than are read at once.
    ...Array.from({ length: 210 }, (_, n) => [part(n + 2, { type: 'text', text: `${n} ` })]),
    [
      part(212, { type: 'usage', inputTokens: 7, outputTokens: 3 }),
      part(213, { type: 'finish', finishReason: 'length' }),
    ],
    [part(214, { type: 'aborted', from: 0, to: 0, usage: {}, reason: 'lost', code: 'turn_lost' })],
  )
  pass(31_000)
  const sessions = living()
  const session = await sessions.for(alice).open('one')
  await session.turn('Ho', () => 'Ha').result
  const [, reply] = (await session.history()).messages
  expect(reply).toMatchObject({
    id: 'm.r1',
    status: 'aborted',
    content: Array.from({ length: 210 }, (_, n) => `${n} `).join(''),
  })
  const usage = { inputTokens: 7, outputTokens: 3, costMicros: 0 }
  const { incarnation } = session.record
  expect(reply!.metadata).toEqual({
    turn: { id: turnId, usage, incarnation, reason: 'lost', finishReason: 'length' },
  })
  const about = events.filter((event) => (event as { turnId?: string }).turnId === turnId)
  expect(about).toMatchObject([
    { type: 'turn.aborted', actor: 'system', reason: 'lost' },
    { type: 'usage.recorded', actor: 'system', outcome: 'lost', ...usage },
  ])
  await sessions.settled()
  const { total } = await sessions.usage({ tenantId: 'acme' })
  expect(total).toMatchObject({ inputTokens: 7, outputTokens: 3 })
})

it('is nothing where nothing was kept of it', async () => {
  const { living, store, ref } = await lostTurn()
  await store.remove(ref)
  const session = await living().for(alice).open('one')
  expect((await session.turn('Ho', echo).result).status).toBe('completed')
  expect((await lines(session)).slice(0, 2)).toEqual(['user: Hi (completed)', 'assistant:  (aborted)'])
  const reply = (await session.history()).messages[1]!
  expect(Object.keys(reply.metadata!)).toEqual(['turn'])
  expect(Object.keys(reply.metadata!['turn']!).toSorted()).toEqual(['id', 'reason', 'usage'])
})

it('is left as it is while nobody can read what was kept of it', async () => {
  const { living, store, turnId, tell, pass } = await lostTurn()
  await tell([part(1, { type: 'text', text: 'Hel' })])
  pass(31_000)
  const full: SessionStore = {
    ...store,
    commit: async (ref, change) => {
      if (ref.tenantId === 'acme') throw new SessionError('store_full', 'no room')
      return store.commit(ref, change)
    },
  }
  const unwritten = await living(full).for(alice).get('one')
  expect(await codeOf(unwritten.turn('Ho', () => expect.fail('asked')).result)).toBe('store_full')
  let isAway = true
  const away: SessionStore = {
    ...store,
    messages: async (ref, query) => {
      if (isAway && ref.tenantId === '~turns:acme') throw new SessionError('unavailable', 'away')
      return store.messages(ref, query)
    },
  }
  const session = await living(away).for(alice).open('one')
  expect(await codeOf(session.turn('Ho', () => expect.fail('asked')).result)).toBe('unavailable')
  expect(decodeBody((await store.read(session.ref))!.body).turn?.id).toBe(turnId)
  isAway = false
  await session.turn('Ho', echo).result
  expect((await lines(session))[1]).toBe('assistant: Hel (aborted)')
})

it('is ended once by those who find it at once', async () => {
  const { living, store } = await lostTurn()
  // Both have found it lost before one of them ends it.
  const both = startGate()
  let waiting = 0
  const meeting: SessionStore = {
    ...store,
    commit: async (ref, change) => {
      if (ref.tenantId === 'acme' && waiting < 2) {
        if (++waiting === 2) both.open()
        await both.opened
      }
      return store.commit(ref, change)
    },
  }
  const handles = await Promise.all([1, 2].map(() => living(meeting).for(alice).get('one')))
  const asked = handles.map((session, n) => session.turn(`Ho ${n}`, echo, { policy: 'queue' }).result)
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(['completed', 'completed'])
  const told = await lines(handles[0]!)
  expect(told).toHaveLength(6)
  expect(told[1]).toBe('assistant:  (aborted)')
})

it('frees no session that another turn has by then', async () => {
  const { store, living, pass } = await lostTurn()
  const begun = startGate()
  const goesOn = startGate()
  const other = await living().for(alice).open('one')
  let takeOver: (() => Promise<unknown>) | undefined
  const refusing: SessionStore = {
    ...store,
    commit: async (ref, change) => {
      if (takeOver === undefined || ref.tenantId !== 'acme') return store.commit(ref, change)
      const take = takeOver
      takeOver = undefined
      await take()
      throw new SessionError('store_failed', 'This text cannot be kept.')
    },
  }
  const session = await living(refusing).for(alice).open('one')
  const late = session.turn('one', () => {
    takeOver = async () => {
      pass(31_000)
      const turn = other.turn('two', async () => {
        begun.open()
        await goesOn.opened
        return 'Two'
      })
      await begun.opened
      takenOver = turn.result
    }
    return 'One'
  })
  let takenOver: Promise<{ status: string }> | undefined
  expect(await codeOf(late.result)).toBe('store_failed')
  expect(await other.currentTurn()).toBeDefined()
  goesOn.open()
  expect((await takenOver)!.status).toBe('completed')
})

it('stops a turn that stood still for too long, once it can write again', async () => {
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  let goesOn = Promise.resolve()
  const standing: SessionStore = {
    ...store,
    commit: async (ref, change) => {
      await goesOn
      return store.commit(ref, change)
    },
  }
  const fastTurns = { leaseMs: 30_000, heartbeatMs: 20, flushMs: 5 }
  const slow = await createSessions({ store: standing, turns: fastTurns }).for(alice).open('one')
  const stopped = startGate()
  const turn = slow.turn({ id: 'm', content: 'Hi' }, async ({ signal }) => {
    signal.addEventListener('abort', stopped.open)
    await stopped.opened
    return 'too late'
  })
  await turn.started
  const gate = startGate()
  goesOn = gate.opened
  now += 31_000
  const other = await createSessions({ store, turns: fastTurns }).for(alice).open('one')
  expect((await other.turn({ id: 'm', content: 'Hi' }, () => 'Hello').result).text).toBe('Hello')
  gate.open()
  await stopped.opened
  expect(await codeOf(turn.result)).toBe('turn_lost')
  expect(await lines(other)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
})
