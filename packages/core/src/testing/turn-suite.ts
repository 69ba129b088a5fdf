import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSessionError, SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { textOf } from '../domain/message.js'
import type { Session } from '../session.js'
import type { Respond } from '../session.js'
import { createSessions } from '../sessions.js'
import type { SessionStore } from '../contract/session-store.js'
import type { TurnEvent, TurnResult } from '../turn/event.js'
import { type CrashPoint, haltingStore } from './halting-store.js'
import { together } from './start-gate.js'
import type { StoreUnderTest } from './store-case.js'
import { until } from './until.js'

// A turn has time to show a sign of life over the slowest store, and a test can wait for the end of a lease many times.
const turns = { leaseMs: 1500, heartbeatMs: 200, flushMs: 10 }

const answer: Respond = async function* () {
  yield 'Hel'
  yield 'lo'
}

const over = (store: SessionStore) => createSessions({ store, turns, onWarning: () => {} })

const lines = async (session: Session): Promise<string[]> =>
  (await session.history({ limit: 1000 })).messages.map(
    (message) => `${message.role}: ${textOf(message)} (${message.status})`,
  )

/** A store that gives no answer to its `lost`th commit. */
function losing(store: SessionStore, lost: number, isApplied: boolean): SessionStore {
  let commits = 0
  const commit: SessionStore['commit'] = async (ref, change) => {
    if (++commits !== lost) return store.commit(ref, change)
    if (isApplied) await store.commit(ref, change)
    throw new SessionError('unknown_outcome', 'No answer came.')
  }
  return Object.assign(Object.create(store) as SessionStore, { commit })
}

/** The result of a turn, once no other turn holds the session any more. */
async function eventually(begin: () => Promise<TurnResult>): Promise<TurnResult> {
  let result: TurnResult | undefined
  await until(async () => {
    try {
      result = await begin()
      return true
    } catch (error) {
      // A caller who listened to a turn that died is told to ask again.
      if (isSessionError(error, 'turn_in_progress') || isSessionError(error, 'turn_lost')) return false
      throw error
    }
  })
  return result!
}

/** A turn in a process that dies at `point`, and what another process then finds and does. */
async function dieAt({ store, peer }: StoreUnderTest, point: CrashPoint): Promise<void> {
  const identity = { tenantId: newId(), userId: 'alice' }
  const doomed = haltingStore(store, point)
  const session = await over(peer).for(identity).create({ id: 'one' })
  const dying = (await over(doomed.store).for(identity).get('one')).turn('Hi', answer, { key: 'k' })
  // The pace of the store decides how often a turn shows that it lives. So the last points may lie after the end of the
  // turn.
  await Promise.race([doomed.died, dying.result])

  const at = `${point.when} call ${point.call}`
  const whole = ['user: Hi (completed)', 'assistant: Hello (completed)']
  const left = await lines(session)
  expect(left, at).toEqual(whole.slice(0, left.length))
  const result = await eventually(() => session.turn('Hi', answer, { key: 'k' }).result)
  expect(result, at).toMatchObject({ status: 'completed', text: 'Hello' })
  expect(await lines(session), at).toEqual(whole)
  await eventually(() => session.turn('And?', () => 'Yes').result)
  expect(await lines(session), at).toHaveLength(4)
  expect(await session.currentTurn(), at).toBeUndefined()
}

/**
 * Registers with vitest what turns show over any store: one at a time, whatever process they run in, and no half of
 * one left by a process that dies at any call of its store.
 *
 * @param makeStore as for `describeSessionStore`. Called once.
 */
export function describeTurns(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let stores: StoreUnderTest | undefined
    beforeAll(async () => {
      stores = await makeStore()
    })
    afterAll(() => stores?.close?.())

    test('a process that dies at any call of a turn leaves no half of it, and the same key converges', async () => {
      const counting = haltingStore(stores!.store)
      const mine = over(counting.store).for({ tenantId: newId(), userId: 'alice' })
      const session = await mine.create()
      const before = counting.calls()
      await session.turn('Hi', answer, { key: 'k' }).result
      const calls = counting.calls() - before
      expect(calls).toBeGreaterThanOrEqual(4)
      // When a session is opened, the reads before the turn are one call.
      const points = Array.from({ length: calls }, (_, index) => index + 2).flatMap((call): CrashPoint[] => [
        { call, when: 'before' },
        { call, when: 'after' },
      ])
      await Promise.all(points.map((point) => dieAt(stores!, point)))
    })

    test('ten messages at once from two processes: each is stored with its answer, or refused unpaid', async () => {
      const identity = { tenantId: newId(), userId: 'alice' }
      await over(stores!.store).for(identity).create({ id: 'one' })
      const handles = await Promise.all(
        [stores!.store, stores!.peer].map((store) => over(store).for(identity).get('one')),
      )
      let asked = 0
      const outcomes = await together(10, async (index) => {
        const turn = handles[index % 2]!.turn(`m${index}`, () => `answer ${++asked}`)
        return turn.result.then(
          () => 'stored',
          (error: unknown) => (isSessionError(error) ? error.code : String(error)),
        )
      })
      const stored = outcomes.filter((outcome) => outcome === 'stored').length
      for (const outcome of outcomes) expect(['stored', 'turn_in_progress']).toContain(outcome)
      expect(stored).toBeGreaterThan(0)
      expect(asked).toBe(stored)
      expect(await lines(handles[0]!)).toHaveLength(2 * stored)
    })

    test('ten messages that wait for each other are ten turns', async () => {
      const identity = { tenantId: newId(), userId: 'alice' }
      await over(stores!.store).for(identity).create({ id: 'one' })
      const handles = await Promise.all(
        [stores!.store, stores!.peer].map((store) => over(store).for(identity).get('one')),
      )
      await together(
        10,
        (index) => handles[index % 2]!.turn(`m${index}`, () => 'ok', { policy: 'queue' }).result,
      )
      expect(await lines(handles[0]!)).toHaveLength(20)
    })

    test('a store call whose answer gets lost, applied or not, is made once: no turn fails or is doubled', async () => {
      for (const isApplied of [true, false]) {
        for (let lost = 1; lost <= 6; lost++) {
          const identity = { tenantId: newId(), userId: 'alice' }
          const session = await over(losing(stores!.store, lost, isApplied))
            .for(identity)
            .open('one')
          const result = await session.turn('Hi', answer, { key: 'k' }).result
          expect(result, `commit ${lost}`).toMatchObject({ status: 'completed', text: 'Hello' })
          const other = await over(stores!.peer).for(identity).get('one')
          expect(await lines(other)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
          expect(await other.currentTurn()).toBeUndefined()
        }
      }
    })

    test('what was streamed is stored, however odd or long its parts are', async () => {
      const identity = { tenantId: newId(), userId: 'alice' }
      const one = await over(stores!.store).for(identity).create({ id: 'one' })
      const long = 'a "long" wörd 😀 \ud800\u0000 '.repeat(50_000)
      const parts = [
        { type: 'reasoning', id: 'r', text: 'Let me ', providerMetadata: undefined },
        { type: 'reasoning', id: 'r', text: 'see', signature: 's' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'x', input: { a: undefined } },
        { type: 'tool-call', toolCallId: 'c', toolName: 'x', input: { at: new Date(0) } },
        { type: 'tool-result', toolCallId: 'c', output: { rows: long } },
        { type: 'tool-result', toolCallId: 'c', output: Number.NaN },
        long,
      ]
      const result = await one.turn('Hi', () => parts).result
      expect(result.status).toBe('completed')
      expect(result.text === long).toBe(true)
      const two = await over(stores!.peer).for(identity).get('one')
      expect((await two.history({ limit: 1000 })).messages.slice(1)).toEqual(result.replies)
      expect(result.replies[0]!.content).toEqual([
        { type: 'reasoning', id: 'r', text: 'Let me see', signature: 's' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'x', input: {} },
        { type: 'tool-call', toolCallId: 'c-2', toolName: 'x', input: { at: '1970-01-01T00:00:00.000Z' } },
      ])
      expect(result.replies[1]!.content).toMatchObject([
        { toolCallId: 'c', shortened: true },
        { toolCallId: 'c-2', output: null },
      ])
      expect((await two.turn('And?', () => 'Yes').result).status).toBe('completed')
    })

    test('a message is answered anew, under its id, from whatever process; of many at once, one', async () => {
      const identity = { tenantId: newId(), userId: 'alice' }
      await over(stores!.store).for(identity).create({ id: 'one' })
      const handles = await Promise.all(
        [stores!.store, stores!.peer].map((store) => over(store).for(identity).get('one')),
      )
      await handles[0]!.turn('Hi', answer).result
      await handles[1]!.turn({ id: 'm', content: 'And?' }, () => 'one').result
      for (const [index, content] of ['And?', 'Or?', 'And?', 'Or?'].entries()) {
        const input = { id: 'm', content }
        const result = await handles[index % 2]!.turn(input, () => `${index}`, { from: 2 }).result
        expect(result).toMatchObject({ text: `${index}`, message: { id: 'm', content }, replayed: false })
        expect((await lines(handles[1 - (index % 2)]!)).slice(2)).toEqual([
          `user: ${content} (completed)`,
          `assistant: ${index} (completed)`,
        ])
      }
      let asked = 0
      const again = await together(
        6,
        (index) =>
          handles[index % 2]!.turn(undefined, () => `${++asked}`, { from: 2, key: 'again', policy: 'queue' })
            .result,
      )
      expect(asked).toBe(1)
      expect(again.map(({ text }) => text)).toEqual(['1', '1', '1', '1', '1', '1'])
      expect(await lines(handles[0]!)).toEqual([
        'user: Hi (completed)',
        'assistant: Hello (completed)',
        'assistant: 1 (completed)',
      ])
      expect(await handles[0]!.branches()).toHaveLength(5)
    })

    test('another process reads a turn as it comes, and stops it', async () => {
      const identity = { tenantId: newId(), userId: 'alice' }
      const one = await over(stores!.store).for(identity).create({ id: 'one' })
      const two = await over(stores!.peer).for(identity).get('one')
      const turn = one.turn('Hi', async function* () {
        yield 'Hel'
        await new Promise(() => {})
      })
      const { turnId } = await turn.started
      const seen: TurnEvent[] = []
      for await (const event of two.watchTurn(turnId)) {
        seen.push(event)
        if (event.type === 'text') await two.cancel()
      }
      expect(seen.map(({ type }) => type)).toEqual(['started', 'text', 'aborted'])
      expect(await turn.result).toMatchObject({ status: 'aborted', text: 'Hel', reason: 'cancelled' })
      expect(await lines(two)).toEqual(['user: Hi (completed)', 'assistant: Hel (aborted)'])
    })
  })
}
