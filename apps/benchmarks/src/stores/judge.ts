import type { Role } from './contender.js'
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
  const find = (role: Role, history: number): Measured => {
    const found = measured.find(({ row }) => row.role === role && row.history === history)
    if (found === undefined) throw new Error(`Nothing was measured for ${role} at ${history}`)
    return found
  }
  return bars.map(({ name, bar, ours, against }) => {
    const store = find('ours', ours)
    const ratio =
      'sealed' in against
        ? medianRatio(store.costs, find('sealed', against.sealed).costs)
        : medianRatio(
            store.rates,
            ('raw' in against ? find('raw', against.raw) : find('ours', against.ours)).rates,
          )
    return { name, bar, ratio: Math.round(ratio * 1000) / 1000 }
  })
}
