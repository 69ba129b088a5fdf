import { findMarkers } from '../marker.js'
import type { Operation } from '../operation.js'
import type { Snapshot } from '../snapshot.js'
import { named } from './check-life.js'
import type { Report } from './finding.js'

/** Whether every byte of a session belongs to it: not to another tenant, another session or an earlier incarnation. */
export function checkMarkers(snapshot: Snapshot, report: Report): void {
  const { tenantId, sessionId, incarnation, forkedFrom } = snapshot
  const texts = [
    { what: 'the body', text: snapshot.body },
    ...snapshot.messages.map(({ seq, payload }) => ({ what: `message ${seq}`, text: payload })),
  ]
  for (const { what, text } of texts) {
    for (const found of findMarkers(text)) {
      const from = `${found.tenantId}/${found.sessionId}@${found.incarnation}`
      const isCopy = forkedFrom !== undefined && found.sessionId === forkedFrom
      if (found.tenantId !== tenantId || (found.sessionId !== sessionId && !isCopy)) {
        report('leaked', `${what} holds what was written into ${from}`)
      } else if (!isCopy && found.incarnation !== incarnation) {
        report('resurrected', `${what} holds what was written into the deleted ${from}`)
      }
    }
  }
}

/** Whether a caller saw data of another session during the run. */
export function checkSeen(operation: Operation, report: Report): void {
  if (operation.kind === 'read') {
    for (const marker of operation.foreign) report('leaked', `${named(operation)} was shown ${marker}`)
  }
  if (operation.kind === 'trespass' && operation.found === true) {
    report('leaked', `${named(operation)} found a session of another tenant`)
  }
}
