import type { Snapshot } from '../snapshot.js'
import { named } from './check-life.js'
import type { Report } from './finding.js'
import { acknowledged, type History } from './history.js'

/** What stands where a message was redacted. */
export const redactedText = '[redacted]'

/** Whether every acknowledged redaction holds, and nothing else is redacted. */
export function checkRedactions(snapshot: Snapshot, history: History, report: Report): void {
  const operations = history.of(snapshot)
  const bySeq = new Map(snapshot.messages.map((message) => [message.seq, message]))
  for (const redaction of acknowledged(operations, 'redact')) {
    const message = bySeq.get(redaction.seq)
    if (message !== undefined && message.text !== redactedText) {
      report('resurrected', `message ${message.id} shows again what ${named(redaction)} had redacted`)
    }
  }
  for (const { id, copyOf, seq, text } of snapshot.messages) {
    if (text === redactedText && !history.redacted.has(copyOf ?? id)) {
      report('lost', `message ${id} at ${seq} is redacted, and nobody did it`)
    }
  }
}
