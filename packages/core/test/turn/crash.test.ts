import { describe, expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  type Session,
  type SessionStore,
  textOf,
} from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { alice } from '../service.js'
import { type CrashPoint, haltingStore } from '../../src/testing/halting-store.js'

const turns = { leaseMs: 30_000, heartbeatMs: 3_600_000, flushMs: 3_600_000 }
const answer: Respond = async function* () {
  yield 'Hel'
  yield 'lo'
}

/** A store whose clock the test moves, and a service over it for each process. */
function place(point?: CrashPoint) {
  let now = 1_700_000_000_000
  const shared: SessionStore = memoryStore({ clock: () => now })
  const halting = haltingStore(shared, point)
  const process = (store: SessionStore) => createSessions({ store, turns }).for(alice)
  return {
    halting,
    doomed: () => process(halting.store).open('one'),
    survivor: () => process(shared).open('one'),
    pass: (ms: number) => {
      now += ms
    },
  }
}

const lines = async (session: Session) =>
  (await session.history()).messages.map(
    (message) => `${message.role}: ${textOf(message)} (${message.status})`,
  )

async function callsOfATurn(): Promise<{ first: number; last: number }> {
  const { halting, doomed } = place()
  const session = await doomed()
  const first = halting.calls() + 1
  await session.turn('Hi', answer, { key: 'k' }).result
  return { first, last: halting.calls() }
}

const { first, last } = await callsOfATurn()
const points = Array.from({ length: last - first + 1 }, (_, index) => first + index).flatMap((call) => [
  { call, when: 'before' as const },
  { call, when: 'after' as const },
])

describe('a process that dies in a turn', () => {
  it('is tried at every call of the store', () => {
    expect(last - first).toBeGreaterThanOrEqual(3)
  })

  it.each(points)(
    '$when call $call: no half turn, the session goes on, and the same key converges',
    async (point) => {
      const { halting, doomed, survivor, pass } = place(point)
      const dying = (await doomed()).turn('Hi', answer, { key: 'k' })
      await halting.died
      void dying

      const session = await survivor()
      for (const line of await lines(session))
        expect(line).toMatch(/^(user: Hi|assistant: Hello) \(completed\)$/)
      pass(31_000)
      const result = await session.turn('Hi', answer, { key: 'k' }).result
      expect(result).toMatchObject({ status: 'completed', text: 'Hello' })
      expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
      await session.turn('And?', () => 'Yes').result
      expect(await lines(session)).toHaveLength(4)
      expect(await session.currentTurn()).toBeUndefined()
    },
  )

  it.each(points)(
    '$when call $call: another message finds the session free within the lease',
    async (point) => {
      const { halting, doomed, survivor, pass } = place(point)
      void (await doomed()).turn('Hi', answer)
      await halting.died
      const session = await survivor()
      pass(31_000)
      expect((await session.turn('Ho', () => 'Ha').result).status).toBe('completed')
      // The third call stores the message and takes the lease; the fourth stores the answer.
      const isThere = (call: number) => point.call > call || (point.call === call && point.when === 'after')
      const answered = isThere(first + 3) ? 'assistant: Hello (completed)' : 'assistant:  (aborted)'
      expect(await lines(session)).toEqual([
        ...(isThere(first + 2) ? ['user: Hi (completed)', answered] : []),
        'user: Ho (completed)',
        'assistant: Ha (completed)',
      ])
    },
  )

  it('holds its session while its lease lasts, and no longer', async () => {
    const { halting, doomed, survivor, pass } = place()
    const stuck = (await doomed()).turn('Hi', () => new Promise(() => {}))
    await stuck.started
    void halting
    const session = await survivor()
    pass(29_000)
    await expect(session.turn('Ho', () => 'Ha').result).rejects.toMatchObject({ code: 'turn_in_progress' })
    pass(2_000)
    expect((await session.turn('Ho', () => 'Ha').result).status).toBe('completed')
    expect(await lines(session)).toEqual([
      'user: Hi (completed)',
      'assistant:  (aborted)',
      'user: Ho (completed)',
      'assistant: Ha (completed)',
    ])
  })

  it('finds itself fenced off when it comes back late', async () => {
    const { doomed, survivor, pass } = place()
    let wake: (text: string) => void = () => {}
    const late = (await doomed()).turn('Hi', () => new Promise<string>((resolve) => (wake = resolve)))
    await late.started
    pass(31_000)
    const session = await survivor()
    await session.turn('Ho', () => 'Ha').result
    wake('Hello')
    await expect(late.result).rejects.toMatchObject({
      code: 'turn_lost',
      message: 'Another process took the turn over, or the conversation moved on without it.',
    })
    expect(await lines(session)).not.toContain('assistant: Hello (completed)')
  })

  it('leaves what it had said, as far as it was stored', async () => {
    let now = 1_700_000_000_000
    const store = memoryStore({ clock: () => now })
    const halting = haltingStore(store)
    const session = await createSessions({ store: halting.store, turns: { ...turns, flushMs: 5 } })
      .for(alice)
      .open('one')
    const turn = session.turn('Hi', async function* () {
      yield 'Hel'
      await new Promise(() => {})
    })
    const { turnId } = await turn.started
    const log = { tenantId: '~turns:acme', id: turnId }
    await until(async () => (await store.read(log, { tail: 1 }))!.messages.length > 0)
    halting.kill()
    now += 31_000
    const survivor = await createSessions({ store, turns }).for(alice).open('one')
    await survivor.turn('Ho', () => 'Ha').result
    expect((await lines(survivor)).slice(0, 2)).toEqual(['user: Hi (completed)', 'assistant: Hel (aborted)'])
  })
})
