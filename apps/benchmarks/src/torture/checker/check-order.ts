import type { Life } from '../marker.js'
import type { Operation } from '../operation.js'
import { asOf, named } from './check-life.js'
import type { Report } from './finding.js'
import type { History } from './history.js'

/** Whether an operation that began after an acknowledgement comes after it, and sees it. */
export function checkOrder(life: Life, history: History, report: Report): void {
  const operations = history
    .of(life)
    .filter(({ outcome }) => outcome === 'acknowledged')
    .toSorted((a, b) => asOf(a) - asOf(b))
  const ended = operations
    .flatMap((operation) => [{ operation, seq: highest(operation) }])
    .filter(({ seq }) => seq > 0)
    .sort((a, b) => a.operation.end - b.operation.end)
  let next = 0
  let known = 0
  for (const operation of operations) {
    while (next < ended.length && ended[next]!.operation.end < asOf(operation)) {
      known = Math.max(known, ended[next]!.seq)
      next++
    }
    if (operation.kind === 'append') {
      const fresh = (operation.places ?? []).filter(({ inserted }) => inserted)
      // An earlier try with an unknown outcome may have stored it before this operation began; then it is not new.
      const early = fresh.find(({ seq }) => seq <= known)
      if (early !== undefined) {
        report('disordered', `${named(operation)} got seq ${early.seq}, after ${known} had been acknowledged`)
      }
    } else if (operation.kind === 'read' && operation.lastSeq !== undefined && operation.lastSeq < known) {
      report(
        'disordered',
        `${named(operation)} saw seq ${operation.lastSeq}, after ${known} had been acknowledged`,
      )
    }
  }
}

function highest(operation: Operation): number {
  if (operation.kind === 'read') return operation.lastSeq ?? 0
  if (operation.kind !== 'append') return 0
  return Math.max(0, ...(operation.places ?? []).map(({ seq }) => seq))
}
