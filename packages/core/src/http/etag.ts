import { SessionError } from '../errors.js'
import type { SessionRecord } from '../contract/session-record.js'

/** The tag of everything in a session except its messages. */
export function etagOf({ revision, createdAt }: Pick<SessionRecord, 'revision' | 'createdAt'>): string {
  // A session that was created again under its old id counts from 1 again; its creation time tells the two apart.
  return `"${revision}-${createdAt.toString(36)}"`
}

/**
 * The revision that `If-Match` requires; undefined when it requires none.
 *
 * @throws `invalid` for anything other than one tag of this API, or `*`.
 */
export function wantedRevision(header: string | null): number | undefined {
  if (header === null || header.trim() === '*') return undefined
  const match = /^\s*"(\d{1,15})-[0-9a-z]{1,12}"\s*$/.exec(header)
  if (match !== null) return Number(match[1])
  throw new SessionError('invalid', 'If-Match must be one ETag of this session.', { path: 'If-Match' })
}

/** Whether `If-None-Match` contains the tag. */
export function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}
