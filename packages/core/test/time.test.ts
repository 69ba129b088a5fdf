import { describe, expect, it } from 'vitest'
import { longestTimerMs, momentBefore, processClock, timerMs, toIso, toReadable } from '../src/time.js'

describe('toReadable', () => {
  it.each([
    [0, '0s'],
    [999, '0s'],
    [59_000, '59s'],
    [60_000, '1m'],
    [200_500, '3m 20s'],
    [3_600_000, '1h'],
    [3_661_000, '1h 1m'],
    [86_400_000, '1d'],
    [86_400_000 + 59_000, '1d'],
    [93_600_000, '1d 2h'],
    [400 * 86_400_000, '400d'],
  ])('%i ms is %s', (ms, text) => expect(toReadable(ms)).toBe(text))
})

describe('times', () => {
  it('of a timer are whole milliseconds that a timer can wait', () => {
    expect(longestTimerMs).toBe(2_147_483_647)
    expect([-1.5, 0, 1, 1.2, 5e9, Infinity].map(timerMs)).toEqual([
      0,
      0,
      1,
      2,
      longestTimerMs,
      longestTimerMs,
    ])
  })

  it('before another one are never before all time', () => {
    expect([momentBefore(100, 30), momentBefore(100, 100), momentBefore(100, 101)]).toEqual([70, 0, 0])
    expect(momentBefore(100, Infinity)).toBe(0)
  })

  it('of the process are whole, and those of the system clock, which it began with', () => {
    const [before, now, after] = [performance.now(), processClock(), performance.now()]
    expect(Number.isInteger(now)).toBe(true)
    expect(now).toBeGreaterThanOrEqual(Math.floor(performance.timeOrigin + before))
    expect(now).toBeLessThanOrEqual(performance.timeOrigin + after)
  })

  it('on the wire are in UTC, with milliseconds', () => {
    expect(toIso(1_700_000_000_123)).toBe('2023-11-14T22:13:20.123Z')
    const end = '9999-12-31T23:59:59.999Z'
    expect([Date.parse(end) - 1, Date.parse(end) + 1, Number.MAX_SAFE_INTEGER, Infinity].map(toIso)).toEqual([
      '9999-12-31T23:59:59.998Z',
      end,
      end,
      end,
    ])
  })
})
