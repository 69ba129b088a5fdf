/** The median. NaN for no numbers. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

/**
 * The quantile: the value that a share of the numbers is below, interpolated between its neighbours. NaN for no
 * numbers.
 */
export function quantile(numbers: readonly number[], share: number): number {
  if (numbers.length === 0) return Number.NaN
  const sorted = Float64Array.from(numbers).sort()
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below)
}

/** The mean of the half in the middle: of many numbers it varies less than the median. NaN for no numbers. */
export function middleMean(numbers: readonly number[]): number {
  const sorted = Float64Array.from(numbers).sort()
  const cut = Math.floor(sorted.length / 4)
  const middle = sorted.subarray(cut, sorted.length - cut)
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

/** The median of the ratios of each round: a disturbance of a whole round affects both sides. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / theirs[round]!))
}

/** The items, beginning with another one in each round, so that no item is always first. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const start = items.length === 0 ? 0 : round % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
