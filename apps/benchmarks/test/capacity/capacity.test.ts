import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { readCoefficients } from '../../src/capacity/coefficients.js'
import { capacityPage } from '../../src/capacity/page.js'
import { sessionBytes, toSums, usualInputs } from '../../src/capacity/sums.js'

const costs = {
  sessionBytes: 1000,
  messageBytes: 100,
  textFactor: 1.5,
  commitServerUs: 100,
  commitClientUs: 60,
  readServerUs: 30,
  readClientUs: 20,
  logBytes: 2000,
}
const coefficients = { measuredOn: '2026-01-01', machine: 'any', stores: { redis: costs, postgres: costs } }

it('sums up by hand what it sums up', () => {
  const inputs = { ...usualInputs, sessions: 86_400_000, activeShare: 0.1, turnsADay: 10, peak: 2, copies: 3 }
  expect(sessionBytes(inputs, costs)).toBe(1000 + 40 * 700)
  const sums = toSums(inputs, coefficients)
  // 0.1 × 10 × 2 turns a second for each thousandth of the sessions.
  expect(sums).toMatchObject({ turnsPerSecond: 2000, commitsPerSecond: 6000, readsPerSecond: 4000, cells: 2 })
  expect(sums.stores.redis).toEqual({
    bytes: 3 * 86_400_000 * 29_000,
    serverCores: (6000 * 100 + 4000 * 30) / 1e6 / 0.6,
    logBytesPerSecond: 12_000_000,
  })
})

it('docs/capacity.md is what the measured coefficients give', async () => {
  const page = join(resolve(import.meta.dirname, '../../../..'), 'docs', 'capacity.md')
  await expect(capacityPage(readCoefficients())).toMatchFileSnapshot(page)
})
