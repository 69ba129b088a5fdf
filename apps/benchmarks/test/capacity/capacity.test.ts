import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { readCoefficients } from '../../src/capacity/coefficients.js'
import { capacityPage } from '../../src/capacity/page.js'
import { sessionBytes, toSums, usualInputs } from '../../src/capacity/sums.js'

const costs = {
  sessionBytes: 1000,
  messageBytes: 100,
  textFactor: 1.5,
  longTextFactor: 0.5,
  commitServerUs: 100,
  commitClientUs: 60,
  readServerUs: 30,
  readClientUs: 20,
  logBytes: 2000,
}
const copy = {
  sessionBytes: 500,
  messageBytes: 50,
  textFactor: 1,
  readServerUs: 10,
  readClientUs: 5,
  commitServerUs: 20,
  commitClientUs: 15,
}
const coefficients = {
  measuredOn: '2026-01-01',
  machine: 'any',
  stores: { redis: costs, postgres: costs },
  copies: { memory: { ...copy, readServerUs: 0, commitServerUs: 0, commitClientUs: 0 }, shared: copy },
}

it('sums up by hand what it sums up', () => {
  const inputs = { ...usualInputs, sessions: 86_400_000, activeShare: 0.1, turnsADay: 10, peak: 2, copies: 3 }
  expect(sessionBytes(inputs, costs)).toBe(1000 + 40 * 700)
  expect(sessionBytes({ ...inputs, messageBytes: 4000 }, costs)).toBe(1000 + 40 * 2100)
  expect(sessionBytes({ ...inputs, messageBytes: 4000 }, copy)).toBe(500 + 40 * 4050)
  const sums = toSums(inputs, coefficients)
  // 0.1 × 10 × 2 turns a second for each thousandth of the sessions.
  expect(sums).toMatchObject({ turnsPerSecond: 2000, commitsPerSecond: 6000, readsPerSecond: 4000, cells: 2 })
  expect(sums.stores.redis).toEqual({
    bytes: 3 * 86_400_000 * 29_000,
    serverCores: (6000 * 100 + 4000 * 30) / 1e6 / 0.6,
    logBytesPerSecond: 12_000_000,
  })
  // 8,640,000 sessions of a day; of 4,000 reads a second memory answers 1,200, and the cache 400.
  const bytes = 500 + 40 * 450
  expect(sums.memory).toEqual({
    bytes: 8_640_000 * bytes,
    serverCores: (6000 * 100 + 2800 * 30) / 1e6 / 0.6,
    cacheCores: 0,
    clientCores: (6000 * 60 + 2800 * 20 + 4000 * 5) / 1e6 / 0.6,
  })
  expect(sums.shared).toEqual({
    bytes: 60_000 * bytes,
    serverCores: (6000 * 100 + 3600 * 30) / 1e6 / 0.6,
    cacheCores: (6000 * 20 + 4000 * 10) / 1e6 / 0.6,
    clientCores: (6000 * 75 + 3600 * 20 + 4000 * 5) / 1e6 / 0.6,
  })
})

it('docs/capacity.md is what the measured coefficients give', async () => {
  const page = join(resolve(import.meta.dirname, '../../../..'), 'docs', 'capacity.md')
  await expect(capacityPage(readCoefficients())).toMatchFileSnapshot(page)
})
