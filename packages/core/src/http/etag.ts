import { SessionError } from '../errors.js'
import type { SessionRecord } from '../contract/session-record.js'
import { markOf } from '../session/watch.js'

/** What a tag is made of. */
export type Tagged = Pick<SessionRecord, 'revision' | 'changes' | 'createdAt'>

/** The tag of a whole session, its messages included. */
export function etagOf({ revision, ...record }: Tagged): string {
  return `"${revision}-${markOf(record)}"`
}

/** The state of a session that `If-Match` insists on. */
export interface WantedState {
  readonly revision: number
  readonly changes: number
}

/**
 * What `If-Match` insists on; undefined when it insists on nothing.
 *
 * @throws `invalid` for anything other than one tag of this API, or `*`.
 */
export function wantedState(header: string | null): WantedState | undefined {
  if (header === null || header.trim() === '*') return undefined
  const match = /^"(\d{1,15})-(\d{1,15})-[0-9a-z]{1,12}"$/.exec(asSent(header))
  if (match !== null) return { revision: Number(match[1]), changes: Number(match[2]) }
  throw new SessionError('invalid', 'If-Match must be one ETag of this session.', { path: 'If-Match' })
}

/** Whether `If-None-Match` contains the tag. */
export function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false
  return header.split(',').some((tag) => tag.trim() === '*' || asSent(tag) === etag)
}

/**
 * A tag as this API has sent it. A proxy that compresses answers changes their tags: nginx weakens them, and Apache adds
 * how it has compressed. The session is the same.
 */
export function asSent(tag: string): string {
  return tag
    .trim()
    .replace(/^W\//, '')
    .replace(/^("\d+-\d+-[0-9a-z]+)-(?:gzip|br)"$/, '$1"')
}
