import type { StoredSession } from '@sessions/core/store'
import type { Entry } from '../src/entry.js'

export const message = (seq: number, payload = `p${seq}`) => ({ seq, id: `m${seq}`, payload, at: seq })

/** A session with so many messages, of which the newest `kept` are there. */
export function stored(lastSeq: number, kept = lastSeq, more: object = {}): StoredSession {
  const messages = Array.from({ length: kept }, (_, n) => message(lastSeq - kept + 1 + n))
  const record = { tenantId: 'acme', id: 's', incarnation: 'i', changes: 1, trimmedSeq: 0, lastSeq, ...more }
  return { record: record as never, body: 'body', messages }
}
export const entry = (checkedAt: number, changes: number, length = 0, incarnation = 'i'): Entry => ({
  ...stored(length, length, { changes, incarnation }),
  checkedAt,
})
