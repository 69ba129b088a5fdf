import { encodeText } from '@sessions/core/store'

/** Whether `decodeText` may change a stored text. */
export function hasEscapes(stored: string): boolean {
  return stored.includes('\u0010')
}

/** As `encodeText`, for a name that may be absent or removed. */
export function encodeName(name: string | undefined): string | null {
  return name === undefined || name === '' ? null : encodeText(name)
}

/** Whether a stored id is one that nobody can ask for: of `begunId`, or of `buriedId`. */
export function isHidden(stored: string): boolean {
  return stored.startsWith('\u0010+') || stored.startsWith('\u0010-')
}
