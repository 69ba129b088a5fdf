import type { Life } from '../marker.js'
import type { Operation } from '../operation.js'
import type { Snapshot } from '../snapshot.js'
import type { Report } from './finding.js'
import { happened, type History, latest } from './history.js'

// A process that is blocked between two readings of the clock sees its deadlines late.
const slackUs = 20_000

const writes: readonly Operation['kind'][] = [
  'append',
  'add',
  'register',
  'count',
  'open',
  'rewind',
  'switch',
  'reset',
  'label',
  'redact',
]

/** Whether a session ended when it was deleted or expired, and only then. */
export function checkLife(
  life: Life,
  history: History,
  snapshot: Snapshot | undefined,
  report: Report,
): void {
  const operations = history.of(life)
  const idleMs = operations.find((one) => one.kind === 'open' && one.idleMs !== undefined)
  if (idleMs?.kind === 'open' && idleMs.idleMs !== undefined) {
    checkDeadline(operations, idleMs.idleMs * 1000, snapshot, report)
    return
  }
  const death = firstDeath(operations)
  for (const operation of operations) {
    if (death === undefined || operation.outcome !== 'acknowledged' || asOf(operation) <= death.end) continue
    report('resurrected', `${named(operation)} was acknowledged after ${named(death)} had been`)
  }
  if (snapshot !== undefined) {
    if (death !== undefined) report('resurrected', `is there after ${named(death)}`)
    return
  }
  const proofs = operations.filter(({ kind, outcome }) => outcome === 'acknowledged' && kind !== 'delete')
  if (proofs.length === 0) return
  const lastProof = Math.max(...proofs.map(({ begin }) => begin))
  // A delete through the handle of an earlier incarnation is no excuse: it must not affect this one.
  const isExplained =
    death?.kind === 'delete' || happened(operations, 'delete').some((one) => latest(one) >= lastProof)
  if (!isExplained)
    report('lost', `is gone with ${proofs.length} acknowledged operations, and nobody deleted it`)
}

/** The time that an operation must know of: a read may show what is older. */
export function asOf(operation: Operation): number {
  return operation.begin - (operation.kind === 'read' ? (operation.ageUs ?? 0) : 0)
}

/** Since when it was known to be gone: by an acknowledged delete, or by a read that found it absent. */
function firstDeath(operations: readonly Operation[]): Operation | undefined {
  let death: Operation | undefined
  for (const operation of operations) {
    const isDeath =
      (operation.kind === 'delete' && operation.outcome === 'acknowledged') || operation.absent === true
    if (isDeath && (death === undefined || operation.end < death.end)) death = operation
  }
  return death
}

function checkDeadline(
  operations: readonly Operation[],
  idleUs: number,
  snapshot: Snapshot | undefined,
  report: Report,
): void {
  // It belongs to one lane, so its operations follow each other.
  let aliveUntil = Number.NEGATIVE_INFINITY
  let deadFrom = Number.NEGATIVE_INFINITY
  for (const operation of operations) {
    if (operation.outcome === 'acknowledged' && operation.begin > deadFrom + slackUs && deadFrom > 0) {
      report(
        'resurrected',
        `${named(operation)} was acknowledged ${operation.begin - deadFrom} us after its deadline`,
      )
    }
    if (operation.absent === true && operation.end < aliveUntil - slackUs) {
      report('lost', `${named(operation)} found nothing ${aliveUntil - operation.end} us before its deadline`)
    }
    if (!writes.includes(operation.kind) || operation.outcome === 'refused') continue
    if (operation.outcome === 'acknowledged') aliveUntil = Math.max(aliveUntil, operation.begin + idleUs)
    // An operation with an unknown outcome may have moved the deadline at any time since.
    deadFrom = Math.max(deadFrom, latest(operation) + idleUs)
  }
  if (snapshot !== undefined) report('resurrected', 'is there after its deadline')
}

/** An operation as text. */
export function named({ kind, lane, n, outcome, code }: Operation): string {
  return `${kind} ${lane}#${n}${outcome === 'acknowledged' ? '' : ` (${code ?? outcome})`}`
}
