import { SessionError, type SessionRecord } from '@sessions/core/store'

/** Where a page of a list ended. */
export interface Position {
  activeAt: number
  id: string
}

export function toCursor({ activeAt, id }: SessionRecord): string {
  // UTF-16 as it is, because an id may hold what UTF-8 cannot.
  return Buffer.from(`${activeAt}:${id}`, 'utf16le').toString('base64url')
}

/** @throws `invalid` for what `toCursor` did not make. */
export function parseCursor(cursor: string): Position {
  const bytes = Buffer.from(cursor, 'base64url')
  const [, activeAt, id] = /^(\d{1,16}):(.+)$/s.exec(bytes.toString('utf16le')) ?? []
  if (activeAt === undefined || id === undefined || bytes.toString('base64url') !== cursor) {
    throw new SessionError('invalid', 'cursor is not one of this store', { path: 'cursor' })
  }
  return { activeAt: Number(activeAt), id }
}
