import type { SessionRecord, SessionRef, StoredMessage, StoredSession } from '@sessions/core/store'

/** A session as one text, whatever texts are in it. */
export function toCopyText({ record, body, messages }: StoredSession): string {
  return JSON.stringify({ record, body, messages })
}

/** A copy and its age; undefined for what is no copy of this session, and when the clock was set back since. */
export function parseCopy(
  { tenantId, id }: SessionRef,
  entry: string,
  now: number,
): { stored: StoredSession; ageMs: number } | undefined {
  const space = entry.indexOf(' ')
  // Both are cut to whole milliseconds, so it may be one more.
  const ageMs = now - Number(entry.slice(0, space)) + 1
  if (!(ageMs > 0)) return undefined
  let value: unknown
  try {
    value = JSON.parse(entry.slice(space + 1))
  } catch {
    return undefined
  }
  if (!isStored(value) || value.record.tenantId !== tenantId || value.record.id !== id) return undefined
  return { stored: value, ageMs }
}

function isStored(value: unknown): value is StoredSession {
  if (!isObject(value)) return false
  const { record, body, messages } = value
  if (!isRecord(record) || typeof body !== 'string' || !Array.isArray(messages)) return false
  // The newest ones, none missing.
  const first = record.lastSeq - messages.length + 1
  return first > record.trimmedSeq && messages.every((message, index) => isMessage(message, first + index))
}

const numbers = [
  'revision',
  'changes',
  'lastSeq',
  'trimmedSeq',
  'bytes',
  'createdAt',
  'updatedAt',
  'activeAt',
]
const names = ['userId', 'label', 'title']

function isRecord(value: unknown): value is SessionRecord {
  return (
    isObject(value) &&
    typeof value['incarnation'] === 'string' &&
    numbers.every((name) => Number.isSafeInteger(value[name])) &&
    names.every((name) => value[name] === undefined || typeof value[name] === 'string') &&
    (value['expiresAt'] === undefined || typeof value['expiresAt'] === 'number') &&
    (value['lifetime'] === undefined || isObject(value['lifetime']))
  )
}

function isMessage(value: unknown, seq: number): value is StoredMessage {
  return (
    isObject(value) &&
    value['seq'] === seq &&
    typeof value['id'] === 'string' &&
    typeof value['payload'] === 'string' &&
    Number.isSafeInteger(value['at'])
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
