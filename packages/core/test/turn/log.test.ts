import { afterEach, expect, it, vi } from 'vitest'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionStore,
  type TurnEvent,
} from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { handClock } from '../hand-clock.js'
import { alice, codeOf, startGate } from '../service.js'
import { all, echo } from './turns.js'

afterEach(() => void vi.restoreAllMocks())

const tenantId = '~turns:acme'

/** A session whose writes to the logs of its turns the test counts, and can have fail. */
async function place(turns: object = {}) {
  let now = 1_700_000_000_000
  const inner = memoryStore({ clock: () => now })
  const sent: TurnEvent[][] = []
  let fail: (() => SessionError | undefined) | undefined
  let isApplied = true
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      if (ref.tenantId !== tenantId) return inner.commit(ref, change)
      const failure = change.messages === undefined ? undefined : fail?.()
      if (change.messages !== undefined)
        sent.push(change.messages.flatMap(({ payload }) => JSON.parse(payload) as TurnEvent[]))
      if (failure === undefined || isApplied) await inner.commit(ref, change)
      if (failure !== undefined) throw failure
      return inner.commit(ref, {})
    },
  }
  const times = { flushMs: 1000, heartbeatMs: 9500, leaseMs: 60_000, ...turns }
  const open = (over: SessionStore) =>
    createSessions({ store: over, turns: times, onWarning: () => {} })
      .for(alice)
      .open('one')
  const kept = async (turnId: string) =>
    (await inner.messages({ tenantId, id: turnId }, { after: 0, limit: 100 })).messages.map(
      ({ id, payload }) => `${id}: ${(JSON.parse(payload) as TurnEvent[]).map(({ n }) => n).join()}`,
    )
  return {
    inner,
    open: () => open(store),
    other: () => open(inner),
    sent: () => sent.splice(0).map((events) => events.map(({ type }) => type).join(' ')),
    kept,
    fail: (how: typeof fail, applied = true) => {
      fail = how
      isApplied = applied
    },
    pass: (ms: number) => void (now += ms),
  }
}

/** An answer that goes on, word by word, as the test says. */
function words() {
  const gates = ['a', 'b', 'c', 'd'].map((word) => ({ word, ...startGate() }))
  let at = 0
  const respond = async function* () {
    for (const { word, opened } of gates) {
      await opened
      yield word
    }
  }
  return {
    respond,
    /** Has the next words said. */
    say: async (n = 1) => {
      for (; n > 0; n--) gates[at++]!.open()
      for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

it('is written when there is something new, or when it is time for a sign of life, and at the end', async () => {
  const { open, sent, kept, inner } = await place()
  const session = await open()
  const clock = handClock(500)
  const { respond, say } = words()
  const turn = session.turn('Hi', respond)
  const { turnId } = await turn.started
  expect((await inner.list({ tenantId, userId: 'alice', limit: 10 })).items.map(({ id }) => id)).toEqual([
    turnId,
  ])
  await clock.advance(1000)
  expect(sent()).toEqual(['started'])
  await say(2)
  await clock.advance(1000)
  expect(sent()).toEqual(['text text'])
  await clock.advance(8000)
  expect(sent()).toEqual([])
  await clock.advance(2000)
  expect(sent()).toEqual([''])
  await clock.advance(8000)
  expect(sent()).toEqual([])
  await say(2)
  const result = await turn.result
  expect(sent()).toEqual(['text text completed'])
  expect(await kept(turnId)).toEqual(['1: 1', '2: 2,3', '4: 4,5,6'])
  await clock.advance(60_000)
  expect(sent()).toEqual([])
  expect(result.text).toBe('abcd')
  // It has ended, whatever number somebody asks from.
  expect(await all(turn.events(99))).toEqual([])
  expect((await all(turn.events(4))).map(({ n }) => n)).toEqual([5, 6])
})

it.each(['applied', 'not applied'] as const)(
  'has each event once, in order, though a write of it got no answer: %s',
  async (how) => {
    const { open, other, kept, fail } = await place()
    const session = await open()
    const clock = handClock(500)
    const { respond, say } = words()
    const turn = session.turn('Hi', respond)
    const { turnId } = await turn.started
    await clock.advance(1000)
    await say()
    fail(() => new SessionError('unavailable', 'away'), how === 'applied')
    await clock.advance(1000)
    await say()
    await clock.advance(1000)
    fail(undefined)
    await clock.advance(1000)
    expect(await kept(turnId)).toEqual(['1: 1', '2: 2'])
    await clock.advance(1000)
    expect(await kept(turnId)).toEqual(['1: 1', '2: 2', '3: 3'])
    let times = 0
    fail(() => (times++ === 0 ? new SessionError('unavailable', 'away') : undefined), how === 'applied')
    await say(2)
    expect((await turn.result).text).toBe('abcd')
    expect((await kept(turnId)).at(-1)).toBe('4: 4,5,6')
    vi.restoreAllMocks()
    expect(await all((await other()).watchTurn(turnId))).toEqual(await all(turn))
  },
)

it('ends a turn whose log is gone, and none whose log cannot be reached', async () => {
  const { open, inner, fail } = await place({ flushMs: 5, heartbeatMs: 5 })
  const session = await open()
  const one = words()
  let failures = 0
  fail(() => (failures++, new SessionError('unavailable', 'away')), false)
  const turn = session.turn('Hi', one.respond)
  await turn.started
  await until(async () => failures > 3)
  fail(undefined)
  await one.say(4)
  expect(await turn.result).toMatchObject({ status: 'completed', text: 'abcd' })
  const two = words()
  const lost = session.turn('Ho', two.respond)
  const { turnId } = await lost.started
  await two.say()
  await inner.remove({ tenantId, id: turnId })
  expect(await lost.result).toMatchObject({ status: 'aborted', reason: 'lost' })
  expect((await session.turn('and', echo).result).status).toBe('completed')
})

it('says that a turn lives for as long as its lease, and why it was asked to stop first', async () => {
  const { open, other, inner, pass } = await place({
    leaseMs: 30_000,
    flushMs: 3_600_000,
    heartbeatMs: 3_600_000,
  })
  const session = await open()
  const turn = session.turn('Hi', words().respond)
  const { turnId } = await turn.started
  const elsewhere = await other()
  const stop = async () =>
    (JSON.parse((await inner.read({ tenantId, id: turnId }))!.body) as { stop?: string }).stop
  pass(29_999)
  expect(await codeOf(elsewhere.turn('Ho', echo).result)).toBe('turn_in_progress')
  expect(await stop()).toBeUndefined()
  await elsewhere.cancel()
  const { record } = (await inner.read({ tenantId, id: turnId }))!
  expect(await stop()).toBe('cancelled')
  await elsewhere.cancel()
  expect((await inner.read({ tenantId, id: turnId }))!.record.revision).toBe(record.revision)
  pass(30_000)
  expect((await elsewhere.turn('Ho', echo).result).status).toBe('completed')
  await turn.cancel()
  expect(await codeOf(turn.result)).toBe('turn_lost')
})
