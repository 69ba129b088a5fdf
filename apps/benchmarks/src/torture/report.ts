import type { Fault, Finding } from './checker/finding.js'
import type { Operation } from './operation.js'
import type { RunResult } from './run.js'

/** The result of a run; the last line of `--json`. */
export interface Summary extends Record<Fault, number> {
  readonly operations: number
  readonly faults: number
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  readonly sessions: number
  readonly messages: number
  readonly unlisted: number
  readonly store: string
  readonly seed: number
}

export function summarize(
  about: { store: string; seed: number },
  { operations, struck, snapshots, unlisted }: RunResult,
  findings: readonly Finding[],
): Summary {
  const faultsOf = (fault: Fault) => findings.filter((finding) => finding.fault === fault).length
  const outcomes = (outcome: Operation['outcome']) =>
    operations.filter((one) => one.outcome === outcome).length
  return {
    operations: operations.length,
    faults: Object.values(struck).reduce((sum, count) => sum + count, 0),
    lost: faultsOf('lost'),
    doubled: faultsOf('doubled'),
    resurrected: faultsOf('resurrected'),
    leaked: faultsOf('leaked'),
    disordered: faultsOf('disordered'),
    acknowledged: outcomes('acknowledged'),
    refused: outcomes('refused'),
    unknown: outcomes('unknown'),
    sessions: snapshots.length,
    messages: snapshots.reduce((sum, { messages }) => sum + messages.length, 0),
    unlisted: unlisted.length,
    ...about,
  }
}

/** Why a run proves nothing; undefined when it proves something. */
export function emptiness({ operations, faults, acknowledged }: Summary): string | undefined {
  if (operations === 0) return 'No operation was made: the run proves nothing.'
  if (acknowledged === 0) return 'No operation was acknowledged: the run proves nothing.'
  if (faults === 0) return 'No fault struck: the run proves nothing. Give it more --seconds.'
  return undefined
}

/** Operations by kind and outcome, and the faults, as text. */
export function toTable({ operations, struck }: RunResult): string {
  const lines = ['operation     acknowledged   refused   unknown']
  for (const kind of new Set(operations.map((one) => one.kind))) {
    const group = operations.filter((one) => one.kind === kind)
    const cells = (['acknowledged', 'refused', 'unknown'] as const).map((outcome) =>
      String(group.filter((one) => one.outcome === outcome).length),
    )
    lines.push(
      `${kind.padEnd(12)} ${cells[0]!.padStart(13)} ${cells[1]!.padStart(9)} ${cells[2]!.padStart(9)}`,
    )
  }
  const codes = countBy(operations.flatMap(({ code }) => (code === undefined ? [] : [code])))
  lines.push('', `refused or unknown: ${toList(codes)}`, `faults that struck: ${toList(struck)}`)
  return lines.join('\n')
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

function toList(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a)
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
}
