import type { SessionCopy, SessionRef } from '@sessions/core/store'
import { toText, toToken } from './encoding.js'
import { toRecordText } from './stored-record.js'

/** The arguments of `restoreScript` for a part of a copy. */
export function toRestoreArgs(
  ref: SessionRef,
  { record, body, messages, more = false }: SessionCopy,
): string[] {
  const { incarnation, changes, lastSeq, trimmedSeq, expiresAt } = record
  return [
    toToken(incarnation),
    String(changes),
    String(lastSeq),
    String(trimmedSeq),
    String(expiresAt ?? '-'),
    more ? '1' : '0',
    toRecordText(ref, record),
    `b${toText(body)}`,
    String(messages[0]?.seq ?? 0),
    ...messages.flatMap(({ id, at, payload }) => [toToken(id), String(at), toText(payload)]),
  ]
}
