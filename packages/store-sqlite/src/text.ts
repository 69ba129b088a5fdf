import { randomUUID } from 'node:crypto'

/** Stands between the fields of a message in the answer to a read; never stored as such. */
export const unitSeparator = '\u001f'
/** Stands between the messages in the answer to a read; never stored as such. */
export const recordSeparator = '\u001e'

// These signs become escapes. Drivers cannot hand on some of them: some drivers end a text at NUL, none keeps half of a
// surrogate pair, and some take the byte order mark off. Reads use others to tell fields apart, and one announces an
// escape. JSON may hold the byte order mark, but none of the others: JSON has them escaped already.
const escaped = /[\u0000\u0010\u001e\u001f\ufeff]|\p{Surrogate}/gu
const suspicious = /[\u0000\u0010\u001e\u001f\ud800-\udfff\ufeff]/
const escape = /\u0010([0-9a-f]{4})/g

/**
 * Text as the database holds it. Equal texts stay equal and different texts stay different, so that it serves for
 * look-ups, too. Nearly every text is stored as it is. The others hold U+0010 and four hex digits for each UTF-16 unit
 * that cannot be stored.
 */
export function encodeText(text: string): string {
  if (!suspicious.test(text)) return text
  return text.replace(escaped, (unit) => `\u0010${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Whether `decodeText` changes a stored text. */
export function hasEscapes(stored: string): boolean {
  return stored.includes('\u0010')
}

/** The text that `encodeText` was given. */
export function decodeText(stored: string): string {
  if (!hasEscapes(stored)) return stored
  return stored.replace(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** As `encodeText`, for a name that may be absent or removed. */
export function encodeName(name: string | undefined): string | null {
  return name === undefined || name === '' ? null : encodeText(name)
}

/** The id of a copy whose parts are still to come. It stands for no text, so nobody can ask for it. */
export function begunId(id: string): string {
  return `\u0010+${id}`
}

/** A new id for a session that is removed and still has messages. It stands for no text, so nobody can ask for it. */
export function buriedId(): string {
  return `\u0010-${randomUUID()}`
}

/** Whether a stored id is one that nobody can ask for. */
export function isHidden(stored: string): boolean {
  return stored.startsWith('\u0010+') || stored.startsWith('\u0010-')
}
