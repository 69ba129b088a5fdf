import { describe, expect, it } from 'vitest'
import { toReadable } from '../src/time.js'

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
