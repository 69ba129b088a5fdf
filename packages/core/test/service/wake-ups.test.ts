import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WakeUps } from '../../src/service/wake-ups.js'
import { type SessionBus, topicOf } from '../../src/store.js'
import { later } from '../../src/time.js'

const ref = { tenantId: 'acme', id: 's' }
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const turn = async () => new Promise<void>((resolve) => void setImmediate(resolve))

/** A bus whose subscriptions a test answers. */
function scene() {
  const topics: number[] = []
  const listeners: Parameters<SessionBus['subscribe']>[1][] = []
  const stopped: number[] = []
  const failures: unknown[] = []
  const state = { isUp: true, fails: 0 }
  const bus = {
    get isUp() {
      return state.isUp
    },
    subscribe: async ([topic]: readonly number[], listener: (typeof listeners)[number]) => {
      topics.push(topic!)
      if (state.fails-- > 0) throw new Error('down')
      listeners.push(listener)
      return async () => void stopped.push(topic!)
    },
  } as unknown as SessionBus
  const wakeUps = new WakeUps(bus, (cause) => failures.push(cause))
  return { wakeUps, topics, listeners, stopped, failures, state }
}

/** Whether a watch is woken before its time is over. */
async function woken(watch: ReturnType<WakeUps['watch']>, act: () => unknown = () => {}, ms = 1000) {
  let isOver = false
  const next = watch.next(ms).then(() => (isOver = true))
  act()
  // A busy machine may have used turns up.
  for (let turns = 0; turns < 20; turns++) {
    if (isOver) break
    await new Promise((resolve) => void later(resolve, 0))
    await turn()
  }
  const was = isOver
  await vi.advanceTimersByTimeAsync(ms)
  await next
  return was
}

it('without a bus time alone wakes, and no look is older than another', async () => {
  const wakeUps = new WakeUps(undefined)
  const watch = wakeUps.watch(ref)
  expect([watch.version, wakeUps.watch(ref).version, watch.isTold]).toEqual([0, 0, false])
  expect(await woken(watch, () => watch.lookAgain())).toBe(false)
  expect(watch.version).toBe(0)
  watch.stop()
})

it('a signal ends the wait, and is let go of after it', async () => {
  const watch = new WakeUps(undefined).watch(ref)
  const over = new AbortController()
  const [add, remove] = [
    vi.spyOn(over.signal, 'addEventListener'),
    vi.spyOn(over.signal, 'removeEventListener'),
  ]
  const waiting = watch.next(1000, { signal: over.signal })
  await vi.advanceTimersByTimeAsync(1000)
  await waiting
  expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([1, 1])
  expect(remove.mock.calls[0]!.slice(0, 2)).toEqual(add.mock.calls[0]!.slice(0, 2))
  const next = watch.next(3_600_000, { signal: over.signal })
  over.abort()
  await next
  // And one that is aborted already, at once.
  await watch.next(3_600_000, { signal: over.signal })
})

it('a wait can be ended before a notice comes', async () => {
  const watch = new WakeUps(undefined).watch(ref)
  const waiting = watch.next(3_600_000)
  watch.goOn()
  await waiting
  expect(vi.getTimerCount()).toBe(0)
})

it('a notice wakes who watches its session, also one that came before', async () => {
  const { wakeUps, listeners, topics } = scene()
  const [one, same, other] = [wakeUps.watch(ref), wakeUps.watch(ref), wakeUps.watch({ ...ref, id: 'other' })]
  expect([one.isTold, topics.slice(0, 1)]).toEqual([false, [topicOf(ref)]])
  await turn()
  expect(one.isTold).toBe(true)
  // What changed before it listened, nobody has told.
  expect([await woken(one), await woken(same), await woken(other)]).toEqual([true, true, true])
  expect(await woken(one)).toBe(false)
  const { version } = one
  const tell = () =>
    listeners[0]!.notices([{ ...ref, kind: 'changed' } as never, { tenantId: 'x', id: 'y' } as never])
  expect([await woken(one, tell), await woken(same), await woken(other)]).toEqual([true, true, false])
  expect(one.version).toBeGreaterThan(version)
  expect(one.version).toBe(same.version)
  expect([await woken(one, () => one.lookAgain()), await woken(same)]).toEqual([true, true])
})

it('a gap wakes who watches sessions of its topics alone', async () => {
  const { wakeUps, listeners } = scene()
  const other = Array.from({ length: 50 }, (_, n) => ({ ...ref, id: `s${n}` })).find(
    (each) => topicOf(each) !== topicOf(ref),
  )!
  const [one, two] = [wakeUps.watch(ref), wakeUps.watch(other)]
  await turn()
  await Promise.all([woken(one), woken(two)])
  const gap = () => listeners[0]!.gap([topicOf(ref)])
  expect([await woken(one, gap), await woken(two)]).toEqual([true, false])
})

it('nobody is told while the bus is down, and a topic that failed is tried again', async () => {
  const { wakeUps, state, topics, failures } = scene()
  state.fails = 1
  const watch = wakeUps.watch(ref)
  await turn()
  expect([watch.isTold, failures, topics.length]).toEqual([false, [new Error('down')], 1])
  await vi.advanceTimersByTimeAsync(999)
  expect(topics).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect([topics.length, watch.isTold]).toEqual([2, true])
  state.isUp = false
  expect(watch.isTold).toBe(false)
  // One that is left meanwhile is not.
  const left = scene()
  left.state.fails = 1
  const leaving = left.wakeUps.watch(ref)
  await turn()
  leaving.stop()
  await vi.advanceTimersByTimeAsync(5000)
  expect(left.topics).toHaveLength(1)
})

it('a topic is listened to once, and left with its last watcher', async () => {
  const { wakeUps, topics, stopped, listeners } = scene()
  const [one, two] = [wakeUps.watch(ref), wakeUps.watch(ref)]
  await turn()
  expect(topics).toHaveLength(1)
  one.stop()
  await turn()
  expect(stopped).toEqual([])
  await woken(two)
  expect(await woken(two, () => listeners[0]!.notices([ref as never]))).toBe(true)
  two.stop()
  await turn()
  expect(stopped).toEqual([topicOf(ref)])
  const again = wakeUps.watch(ref)
  await turn()
  expect([topics.length, again.version > two.version]).toEqual([2, true])
  // A second stop is none of the new one.
  two.stop()
  await woken(again)
  expect(await woken(again, () => listeners[1]!.notices([ref as never]))).toBe(true)
})
