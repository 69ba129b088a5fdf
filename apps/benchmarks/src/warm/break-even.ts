/** What a commit takes together with so many reads, in microseconds of the servers' processors. */
export interface MixCost {
  readonly reads: number
  readonly us: number
}

/** What a commit and a read take: the line through the costs of several mixes. */
export function lineOf(costs: readonly MixCost[]): { readonly commitUs: number; readonly readUs: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(costs.map(({ reads }) => reads)), mean(costs.map(({ us }) => us))]
  const up = costs.reduce((sum, { reads, us }) => sum + (reads - x) * (us - y), 0)
  const readUs = up / costs.reduce((sum, { reads }) => sum + (reads - x) ** 2, 0)
  return { commitUs: y - readUs * x, readUs }
}

/** From how many reads a commit on the second costs less than the first; Infinity when it never does. */
export function breakEven(plain: readonly MixCost[], cached: readonly MixCost[]): number {
  const [without, with_] = [lineOf(plain), lineOf(cached)]
  const saved = without.readUs - with_.readUs
  return saved <= 0 ? Infinity : Math.max(0, (with_.commitUs - without.commitUs) / saved)
}
