import { countFitting, type SessionCopy, type SessionRef } from '@sessions/core/store'
import { toText, toToken } from './encoding.js'
import { toRecordText } from './stored-record.js'

// What one script puts aside while everybody else waits for the server.
const partLength = 500

/** What `restoreScript` is told of a copy: what fits one script at a time, the last of them with what makes it visible. */
export function* toParts(
  ref: SessionRef,
  { record, body, messages, more = false }: SessionCopy,
): Generator<string[]> {
  const { incarnation, changes, lastSeq, trimmedSeq, expiresAt } = record
  const text = toRecordText(ref, record)
  let rest = messages
  do {
    const part = rest.slice(0, partLength)
    const fitting = part.slice(0, countFitting(part))
    rest = rest.slice(fitting.length)
    yield [
      toToken(incarnation),
      String(changes),
      String(lastSeq),
      String(trimmedSeq),
      String(expiresAt ?? '-'),
      more || rest.length > 0 ? '1' : '0',
      text,
      `b${toText(body)}`,
      String(fitting[0]?.seq ?? 0),
      ...fitting.flatMap(({ id, at, payload }) => [toToken(id), String(at), toText(payload)]),
    ]
  } while (rest.length > 0)
}
