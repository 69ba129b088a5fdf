import { expect, it, vi } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { alice, codeOf, startGate } from '../service.js'
import { fast, gated, lines } from './turns.js'

it('a turn keeps its session alive, however long it takes', async () => {
  let now = Date.now()
  const store = memoryStore({ clock: () => now })
  const idleMs = 60
  const session = await createSessions({ store, turns: fast, ttl: { idleMs } }).for(alice).open('one')
  const { respond, begun, open } = gated('Hello')
  const turn = session.turn('Hi', respond)
  await begun
  // Several lives of an idle session, in steps that are each shorter than one.
  for (let step = 0; step < 6; step++) {
    now += 40
    await until(async () => (await store.read(session.ref))!.record.expiresAt! >= now + idleMs)
  }
  open()
  expect((await turn.result).status).toBe('completed')
  expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
  now += 61
  expect(await codeOf(session.history())).toBe('not_found')
})

it.each([
  [60_000, 20_000],
  [15, 10],
  [10 ** 9, 3_600_000],
  [Infinity, undefined],
])(
  'moves the deadline of a session that lives %d ms every so often, once at a time, until it ends',
  async (idleMs, everyMs) => {
    // Its clock stands still, so that no session ends by itself.
    const inner = memoryStore({ clock: () => 1_700_000_000_000 })
    let touches = 0
    let answer = Promise.resolve()
    const store: SessionStore = {
      ...inner,
      commit: async (ref, change) => {
        if (ref.tenantId !== 'acme' || change.body !== undefined) return inner.commit(ref, change)
        touches++
        await answer
        if (touches === 1) throw new SessionError('unavailable', 'away')
        return inner.commit(ref, change)
      },
    }
    const session = await createSessions({ store, ttl: { idleMs } }).for(alice).open('one')
    const timers: { run: () => void; ms: number | undefined }[] = []
    const ended: unknown[] = []
    vi.spyOn(globalThis, 'setInterval').mockImplementation(((run: () => void, ms?: number) =>
      timers.push({ run, ms })) as never)
    vi.spyOn(globalThis, 'clearInterval').mockImplementation((handle) => void ended.push(handle))
    try {
      const { respond, begun, open } = gated('Hello')
      const turn = session.turn('Hi', respond)
      await begun
      expect(timers.map(({ ms }) => ms)).toEqual(everyMs === undefined ? [] : [everyMs])
      const tick = async () => {
        timers[0]?.run()
        for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
        return touches
      }
      if (everyMs !== undefined) {
        // An outage ends nothing, and while the store answers slowly it is not asked again.
        expect(await tick()).toBe(1)
        const slow = startGate()
        answer = slow.opened
        expect([await tick(), await tick()]).toEqual([2, 2])
        slow.open()
        await answer
        for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
        expect(await tick()).toBe(3)
      }
      open()
      await turn.result
      expect(ended).toEqual(everyMs === undefined ? [] : [1])
    } finally {
      vi.restoreAllMocks()
    }
  },
)
