import { expect, it } from 'vitest'
import { askedPause } from '../../src/listeners/asked-pause.js'

const now = Date.UTC(2026, 10, 30, 9, 0, 0)
const later = (ms: number) => new Date(now + ms).toUTCString()

it.each([
  ['0', 0],
  ['2', 2000],
  ['1.5', 1500],
  [' 120 ', 120_000],
  ['86400', 3_600_000],
  ['9'.repeat(400), 3_600_000],
  [later(5000), 5000],
  [later(300_000), 300_000],
  [later(86_400_000), 3_600_000],
  [later(-5000), 0],
  ['soon', 0],
  ['in a while GMT', 0],
  ['-3', 0],
  ['', 0],
  [null, 0],
])('Retry-After %j is a pause of %i ms', (asked, ms) => {
  expect(askedPause(asked, now)).toBe(ms)
})
