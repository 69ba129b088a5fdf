import type { Life } from '../marker.js'
import type { Operation } from '../operation.js'
import type { Snapshot } from '../snapshot.js'
import { checkBody } from './check-body.js'
import { checkMarkers, checkSeen } from './check-leaks.js'
import { checkLife } from './check-life.js'
import { checkMessages } from './check-messages.js'
import { checkOrder } from './check-order.js'
import { checkRedactions } from './check-redactions.js'
import { checkRepeats } from './check-repeats.js'
import type { Finding, Report } from './finding.js'
import { History, lifeKey, sessionKey } from './history.js'

/** Finds every violation, from the log of the callers and the sessions in the server. */
export function check(operations: readonly Operation[], snapshots: readonly Snapshot[]): Finding[] {
  const findings: Finding[] = []
  const reportOn =
    (where: string): Report =>
    (fault, what) =>
      findings.push({ fault, where, what })
  const history = new History(operations)
  const found = new Map(snapshots.map((snapshot) => [lifeKey(snapshot), snapshot]))

  for (const [key, [first]] of history.lives) {
    const life = first as Operation & Life
    checkLife(life, history, found.get(key), reportOn(key))
    checkOrder(life, history, reportOn(key))
    checkRepeats(life, history, reportOn(key))
  }
  for (const snapshot of snapshots) {
    const report = reportOn(lifeKey(snapshot))
    checkMessages(snapshot, history, report)
    checkBody(snapshot, history, report)
    checkRedactions(snapshot, history, report)
    checkMarkers(snapshot, report)
  }
  for (const operation of operations) {
    const report = reportOn(sessionKey(operation))
    checkSeen(operation, report)
    if (operation.kind === 'copy' && operation.wrong !== undefined) report('lost', operation.wrong)
  }
  return findings
}
