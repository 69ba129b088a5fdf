import { expect, test } from 'vitest'
import { breakEven, lineOf } from '../../src/warm/break-even.js'

const mixes = [0, 1, 2, 4, 8]
const costs = (commitUs: number, readUs: number) =>
  mixes.map((reads) => ({ reads, us: commitUs + readUs * reads }))

test('the line through several mixes gives what a commit and a read take', () => {
  const { commitUs, readUs } = lineOf(costs(40, 12))
  expect([commitUs, readUs].map((us) => us.toFixed(6))).toEqual(['40.000000', '12.000000'])
  const uneven = costs(40, 12).map(({ reads, us }, n) => ({ reads, us: us + (n % 2 === 0 ? 1 : -1) }))
  expect(Math.abs(lineOf(uneven).readUs - 12)).toBeLessThan(0.5)
})

test('the cache pays from where both lines meet, always when it is cheaper, and never when its reads are dearer', () => {
  expect(breakEven(costs(40, 46), costs(62, 11))).toBeCloseTo(22 / 35)
  expect(breakEven(costs(40, 17), costs(62, 11.5))).toBeCloseTo(4)
  expect(breakEven(costs(40, 17), costs(30, 11))).toBe(0)
  expect(breakEven(costs(40, 11), costs(62, 11))).toBe(Infinity)
})
