import { type Group, nameOf } from './groups.js'
import type { Ratio } from './judge.js'
import type { Measured } from './measure.js'
import { median, medianRatio, quantile } from './statistics.js'

/** The rows of a group as text. */
export function toTable(group: Group, measured: readonly Measured[]): string {
  const lines = [
    `\n${nameOf(group)}`,
    'who                history      ops/s   p50 µs   p99 µs   CPU µs   over raw',
  ]
  for (const { row, rates, costs, latencies } of measured) {
    const raw = measured.find((other) => other.row.role === 'raw' && other.row.history === row.history)
    const ratio = raw === undefined || row.role === 'raw' ? '' : medianRatio(rates, raw.rates).toFixed(2)
    lines.push(
      [
        row.name.padEnd(16),
        whole(row.history).padStart(9),
        whole(median(rates)).padStart(10),
        quantile(latencies, 0.5).toFixed(0).padStart(8),
        quantile(latencies, 0.99).toFixed(0).padStart(8),
        median(costs).toFixed(0).padStart(8),
        ratio.padStart(10),
      ].join(' '),
    )
  }
  return lines.join('\n')
}

/** The ratios with a bar as text. */
export function toVerdict(ratios: readonly Ratio[]): string {
  const width = Math.max(...ratios.map(({ name }) => name.length))
  const lines = ratios.map(({ name, ratio, bar }) => {
    const verdict = ratio >= bar ? 'holds' : 'UNDER ITS BAR'
    return `${name.padEnd(width)}  ${ratio.toFixed(2).padStart(6)}  bar ${bar.toFixed(2)}  ${verdict}`
  })
  return ['\nratios, the median of the rounds', ...lines].join('\n')
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}
