import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryStore, type SessionWarning } from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { type HandClock, handClock } from '../hand-clock.js'
import { alice, service, startGate } from '../service.js'

const hourMs = 3_600_000

let clock: HandClock
beforeEach(() => {
  clock = handClock(hourMs / 2)
})
afterEach(() => void vi.restoreAllMocks())

/** A service whose sweeps are counted; each removes as many as is said. */
function swept(removes: (call: number) => Promise<number> = async () => 0) {
  const warnings: SessionWarning[] = []
  const limits: number[] = []
  const store = memoryStore()
  store.sweep = async ({ limit }) => {
    limits.push(limit)
    return removes(limits.length)
  }
  return { sessions: service({ store, onWarning: (warning) => warnings.push(warning) }), warnings, limits }
}

describe('sweepEvery', () => {
  it('removes what has expired, however much, and goes on', async () => {
    const store = memoryStore()
    let removed = 0
    const sweep = store.sweep.bind(store)
    store.sweep = async (options) => {
      const count = await sweep(options)
      removed += count
      return count
    }
    const sessions = service({ store, ttl: { idleMs: 1000 } })
    const mine = sessions.for(alice)
    await Promise.all(Array.from({ length: 1200 }, async () => mine.create()))
    const stop = sessions.sweepEvery(hourMs)
    await clock.advance(1.25 * hourMs)
    await until(async () => removed === 1200)
    await mine.create()
    await clock.advance(1.25 * hourMs)
    await until(async () => removed === 1201)
    stop()
  })

  it('begins once, however much there is to do', async () => {
    const begun: string[] = []
    const { sessions, limits } = swept(async (call) => (call === 1 ? 500 : 0))
    sessions.sweepEvery(hourMs, () => {
      begun.push('begun')
      return []
    })
    await clock.advance(1.25 * hourMs)
    await sessions.settled()
    expect([limits, begun]).toEqual([[500, 500], ['begun']])
    await sessions.close()
  })

  it('takes its time anew each time, a quarter more or less', async () => {
    const { sessions, limits } = swept()
    sessions.sweepEvery(hourMs)
    await clock.advance(0.75 * hourMs - 1)
    expect(limits).toEqual([])
    await clock.advance(0.5 * hourMs + 1)
    expect(limits).toEqual([500])
    await clock.advance(1.25 * hourMs)
    expect(limits.length).toBeGreaterThanOrEqual(2)
    await sessions.close()
  })

  it('warns with the cause, and tries again', async () => {
    const outage = new Error('the store is away')
    const { sessions, warnings, limits } = swept((call) =>
      call === 1 ? Promise.reject(outage) : Promise.resolve(0),
    )
    sessions.sweepEvery(hourMs)
    await clock.advance(1.25 * hourMs)
    expect(warnings).toEqual([{ code: 'sweep_failed', message: expect.any(String) as string, cause: outage }])
    await clock.advance(1.25 * hourMs)
    expect(limits.length).toBeGreaterThanOrEqual(2)
    expect(warnings).toHaveLength(1)
    await sessions.close()
  })

  it.each(['when it is told to', 'with its scope', 'with the service'])('ends %s', async (how) => {
    const { sessions, limits, warnings } = swept(async () => 500)
    if (how === 'with its scope') {
      using sweeping = sessions.sweepEvery(hourMs)
      expect(sweeping).toBeTypeOf('function')
    } else {
      const stop = sessions.sweepEvery(hourMs)
      if (how === 'with the service') await sessions.close()
      else stop()
    }
    expect(clock.waiting).toBe(0)
    await clock.advance(10 * hourMs)
    expect([limits, warnings]).toEqual([[], []])
  })

  it('ends in the middle of a sweep, which the service waits for', async () => {
    const { opened, open } = startGate()
    const { sessions, limits, warnings } = swept(async () => opened.then(() => 500))
    sessions.sweepEvery(hourMs)
    await clock.advance(1.25 * hourMs)
    expect(limits).toEqual([500])
    let isClosed = false
    const closing = sessions.close().then(() => (isClosed = true))
    await clock.advance(1)
    expect(isClosed).toBe(false)
    open()
    await closing
    expect([limits, warnings]).toEqual([[500], []])
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])('refuses %d milliseconds', (ms) => {
    expect(() => service().sweepEvery(ms)).toThrowError(
      expect.objectContaining({ code: 'invalid', path: 'ms' }),
    )
  })

  it('is refused by a closed service', async () => {
    const sessions = service()
    await sessions.close()
    expect(() => sessions.sweepEvery(1000)).toThrowError(expect.objectContaining({ code: 'closed' }))
  })
})
