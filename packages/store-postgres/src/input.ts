import { SessionError, type MessageQuery, type SessionChange, type SessionRecord } from '@sessions/core/store'

const maxPage = 1000

export function checkChange({ revision, body, idleMs, absoluteMs }: SessionChange): void {
  if (revision !== undefined) checkWhole(revision, 'revision', 0)
  if (idleMs !== undefined) checkWhole(idleMs, 'idleMs', 0)
  if (absoluteMs !== undefined) checkWhole(absoluteMs, 'absoluteMs', 0)
  if (body !== undefined && revision === undefined) {
    throw new SessionError('invalid', 'body needs the revision it replaces', { path: 'body' })
  }
}

export function checkMessageQuery({ limit, after, before }: MessageQuery): void {
  checkLimit(limit)
  if (after !== undefined) checkWhole(after, 'after', 0)
  if (before !== undefined) checkWhole(before, 'before', 0)
}

export function checkLimit(limit: number): void {
  checkWhole(limit, 'limit', 1, maxPage)
}

export function checkWhole(value: number, path: string, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new SessionError('invalid', `${path} must be a whole number from ${min} to ${max}`, { path })
}

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
