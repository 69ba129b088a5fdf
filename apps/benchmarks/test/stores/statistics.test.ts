import { describe, expect, it } from 'vitest'
import { median, medianRatio, middleMean, quantile, rotated } from '../../src/stores/statistics.js'

describe('quantile', () => {
  it('stands between its neighbours in proportion', () => {
    expect(quantile([4, 1, 3, 2], 0)).toBe(1)
    expect(quantile([4, 1, 3, 2], 1)).toBe(4)
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(quantile([0, 100], 0.99)).toBeCloseTo(99)
  })

  it('sorts numbers as numbers and leaves the input alone', () => {
    const numbers = [10, 9, 100]
    expect(median(numbers)).toBe(10)
    expect(numbers).toEqual([10, 9, 100])
  })

  it('is nothing of nothing', () => {
    expect(median([])).toBeNaN()
  })
})

describe('middleMean', () => {
  it('leaves out a quarter at each end', () => {
    expect(middleMean([1000, 2, 3, 4, 6, 7, 8, -1000])).toBe(5)
  })

  it('is nothing of nothing', () => {
    expect(middleMean([])).toBeNaN()
  })
})

describe('medianRatio', () => {
  it('compares within each round, so that a slow round counts for both', () => {
    const theirs = [100, 100, 10, 100, 100]
    const ours = [90, 90, 9, 90, 90]
    expect(medianRatio(ours, theirs)).toBeCloseTo(0.9)
  })

  it('is not moved by one disturbed side', () => {
    expect(medianRatio([90, 1, 90], [100, 100, 100])).toBeCloseTo(0.9)
  })
})

describe('rotated', () => {
  it('lets everybody begin once', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ])
    expect(rotated([], 3)).toEqual([])
  })
})
