import { expect, test } from 'vitest'
import { portionsOf } from '../src/portable/rows-of-one-statement.js'

// Each size is a statement of its own, which stays prepared.
test.each([
  [0, []],
  [1, [1]],
  [15, [15]],
  [16, [16]],
  [17, [16, 1]],
  [47, [16, 16, 15]],
  [127, [16, 16, 16, 16, 16, 16, 16, 15]],
  [128, [128]],
  [143, [128, 15]],
  [300, [128, 128, 16, 16, 12]],
])('%i rows go in portions of 128, of 16, and what is left', (count, sizes) => {
  const rows = Array.from({ length: count }, (_, row) => row)
  const portions = [...portionsOf(rows)]
  expect(portions.map(({ length }) => length)).toEqual(sizes)
  expect(portions.flat()).toEqual(rows)
})
