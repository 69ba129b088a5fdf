import { applyChange, type OperationOf, type RegisterValue } from '../operation.js'
import type { Snapshot } from '../snapshot.js'
import { named } from './check-life.js'
import type { Report } from './finding.js'
import { happened, type History } from './history.js'

/** Whether cart, preferences and state are the sum of all acknowledged changes, with or without the unknown ones. */
export function checkBody(snapshot: Snapshot, history: History, report: Report): void {
  // A copy begins with the data of its source at an unknown moment; copies are checked by their messages instead.
  if (snapshot.forkedFrom !== undefined) return
  const operations = history.of(snapshot)
  const adds = groupBy(happened(operations, 'add'), ({ sku }) => sku)
  for (const [sku, group] of adds) {
    checkSum(
      `pieces of ${sku}`,
      snapshot.cart[sku] ?? 0,
      bounds(group, (add) => add.quantity),
      report,
    )
  }
  const counts = groupBy(happened(operations, 'count'), ({ lane }) => lane)
  for (const [lane, group] of counts) {
    checkSum(
      `counts of ${lane}`,
      snapshot.counts[lane] ?? 0,
      bounds(group, () => 1),
      report,
    )
  }
  checkNobodys('sku', Object.keys(snapshot.cart), adds, report)
  checkNobodys('counter', Object.keys(snapshot.counts), counts, report)
  const sum = Object.values(snapshot.counts).reduce((total, count) => total + count, 0)
  if (snapshot.total < sum) report('lost', `the total is ${snapshot.total} of ${sum} counts`)
  if (snapshot.total > sum) report('doubled', `the total is ${snapshot.total} of ${sum} counts`)

  const registers = groupBy(happened(operations, 'register'), ({ register }) => register)
  for (const [register, group] of registers) {
    const possible = replay(register, group, report)
    judge(`${register}, at the end,`, snapshot.registers[register] ?? null, possible, report)
  }
  checkNobodys('register', Object.keys(snapshot.registers), registers, report)
}

interface Bounds {
  readonly least: number
  readonly most: number
}

function bounds<T extends { outcome: string }>(
  operations: readonly T[],
  amount: (operation: T) => number,
): Bounds {
  const sumOf = (some: readonly T[]) => some.reduce((sum, operation) => sum + amount(operation), 0)
  return {
    least: sumOf(operations.filter(({ outcome }) => outcome === 'acknowledged')),
    most: sumOf(operations),
  }
}

function checkSum(what: string, found: number, { least, most }: Bounds, report: Report): void {
  if (found < least) report('lost', `${found} ${what}: ${least} were acknowledged`)
  if (found > most) report('doubled', `${found} ${what}: ${least} were acknowledged, ${most - least} unknown`)
}

function checkNobodys(
  what: string,
  found: readonly string[],
  known: ReadonlyMap<string, unknown>,
  report: Report,
): void {
  for (const name of found)
    if (!known.has(name)) report('doubled', `${what} ${name} was refused, and is there`)
}

/**
 * What a register may hold after all operations of its lane. One lane writes it, one operation after the other, and a
 * body is replaced only by a caller who has seen it: so a change with an unknown outcome has happened before the next
 * acknowledgement, or never.
 */
function replay(
  register: string,
  operations: readonly OperationOf<'register'>[],
  report: Report,
): ReadonlySet<RegisterValue> {
  let possible = new Set<RegisterValue>([null])
  for (const operation of operations) {
    const after = [...possible].map((value) => applyChange(value, operation.change))
    if (operation.outcome === 'unknown') {
      possible = new Set([...possible, ...after])
    } else if (operation.observed === undefined) {
      possible = new Set(after)
    } else {
      judge(`${register}, by ${named(operation)},`, operation.observed, new Set(after), report)
      possible = new Set([operation.observed])
    }
  }
  return possible
}

function judge(
  what: string,
  found: RegisterValue,
  possible: ReadonlySet<RegisterValue>,
  report: Report,
): void {
  if (possible.has(found)) return
  const numbers = [...possible].filter((value) => typeof value === 'number')
  const isMore = typeof found === 'number' && numbers.length > 0 && found > Math.max(...numbers)
  report(isMore ? 'doubled' : 'lost', `${what} is ${found}, not ${[...possible].join(' or ')}`)
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
