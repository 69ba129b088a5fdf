import { corrupt } from './refusals.js'
import type { StoredMessage } from './session-store.js'

// These signs become escapes. Databases and drivers cannot hand on some of them: NUL, half of a surrogate pair, and the
// byte order mark. Reads use others to tell fields apart, and one announces an escape. JSON may hold the byte order
// mark, but none of the others: JSON has them escaped already.
const escaped = /[\u0000\u0010\u001e\u001f\ufeff]|\p{Surrogate}/gu
const suspicious = /[\u0000\u0010\u001e\u001f\ud800-\udfff\ufeff]/
const escape = /\u0010([0-9a-f]{4})/g

/**
 * For a store in a SQL database: text as the database holds it. Equal texts stay equal and different texts stay
 * different, so that it serves for look-ups, too. Nearly every text is stored as it is. The others hold U+0010 and four
 * hex digits for each UTF-16 unit that cannot be stored.
 */
export function encodeText(text: string): string {
  if (!suspicious.test(text)) return text
  return text.replace(escaped, (unit) => `\u0010${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** For a store in a SQL database: the text that `encodeText` was given. */
export function decodeText(stored: string): string {
  if (!stored.includes('\u0010')) return stored
  return stored.replace(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/**
 * For a store in a SQL database: the id of a copy whose parts are still to come. It stands for no text, so nobody can ask
 * for it.
 *
 * @param id as `encodeText` gives it.
 */
export function begunId(id: string): string {
  return `\u0010+${id}`
}

/**
 * For a store in a SQL database: a new id for a session that is removed and still has messages. It stands for no text, so
 * nobody can ask for it.
 */
export function buriedId(): string {
  return `\u0010-${crypto.randomUUID()}`
}

/** For a store in a SQL database: stands between the fields of a message in one text, and in no text of `encodeText`. */
export const unitSeparator = '\u001f'
/** For a store in a SQL database: stands between the messages in one text, and in no text of `encodeText`. */
export const recordSeparator = '\u001e'

/**
 * For a store in a SQL database: the message whose id, time and payload are in one text, with `unitSeparator` between
 * them.
 *
 * @throws `corrupt` when the text is none of a message.
 */
export function parseStoredMessage(entry: string, seq: number): StoredMessage {
  const idEnd = entry.indexOf(unitSeparator)
  const atEnd = entry.indexOf(unitSeparator, idEnd + 1)
  const payload = entry.slice(atEnd + 1)
  if (idEnd < 0 || atEnd < 0 || payload.includes(unitSeparator)) throw corrupt('a message is not one')
  return {
    seq,
    id: decodeText(entry.slice(0, idEnd)),
    at: parseWhole(entry.slice(idEnd + 1, atEnd), 'at'),
    payload: decodeText(payload),
  }
}

/** For a store in a SQL database: the text in a column. @throws `corrupt` when there is none. */
export function parseText(value: unknown, column: string): string {
  if (typeof value !== 'string') throw corrupt(`${column} is no text`)
  return decodeText(value)
}

/**
 * For a store in a SQL database: the whole number in a column. Drivers give it as text, as a number or as a bigint, as
 * the application has set.
 *
 * @throws `corrupt` unless it is from `min` (default 0) to `max`.
 */
export function parseWhole(value: unknown, column: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const number = value === null || value === undefined || value === '' ? Number.NaN : Number(value)
  if (Number.isInteger(number) && number >= min && number <= max) return number
  throw corrupt(`${column} is out of range`)
}

/** For a store in a SQL database: a deadline, epoch ms, which need not be whole. @throws `corrupt` for no number. */
export function parseDeadline(value: unknown): number {
  const number = Number(value)
  if (Number.isNaN(number)) throw corrupt('expires_at is no number')
  return number
}

/** For a store in a SQL database: a bound of a session's own lifetime as it is stored. Null is no bound, -1 for ever. */
export function toStoredMs(ms: number | null | undefined): number | null {
  return ms === null ? -1 : (ms ?? null)
}
