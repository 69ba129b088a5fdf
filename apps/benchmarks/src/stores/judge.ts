import type { Group } from './groups.js'
import type { Measured } from './measure.js'
import { medianRatio } from './statistics.js'

/** A ratio with a bar. */
export interface Ratio {
  readonly name: string
  readonly ratio: number
  readonly bar: number
}

/** The ratios of a group that have a bar. */
export function toRatios({ bars }: Group, measured: readonly Measured[]): Ratio[] {
  const ratesOf = (role: 'ours' | 'raw', history: number): readonly number[] => {
    const found = measured.find(({ row }) => row.role === role && row.history === history)
    if (found === undefined) throw new Error(`Nothing was measured for ${role} at ${history}`)
    return found.rates
  }
  return bars.map(({ name, bar, ours, against }) => {
    const other = 'raw' in against ? ratesOf('raw', against.raw) : ratesOf('ours', against.ours)
    return { name, bar, ratio: Math.round(medianRatio(ratesOf('ours', ours), other) * 1000) / 1000 }
  })
}
