import { SessionError } from '../errors.js'
import type { MessageQuery, SessionChange } from './session-store.js'

const maxPage = 1000

/** For a store's `commit`. @throws `invalid` with the path of a number out of range, or of a body without revision. */
export function checkChange({ revision, body, idleMs, absoluteMs }: SessionChange): void {
  if (revision !== undefined) checkWhole(revision, 'revision', 0)
  if (idleMs !== undefined) checkWhole(idleMs, 'idleMs', 0)
  if (absoluteMs !== undefined) checkWhole(absoluteMs, 'absoluteMs', 0)
  if (body !== undefined && revision === undefined) {
    throw new SessionError('invalid', 'body needs the revision it replaces', { path: 'body' })
  }
}

/** For a store's `messages`. @throws `invalid` with the path of a number out of range. */
export function checkMessageQuery({ limit, after, before }: MessageQuery): void {
  checkPageLimit(limit)
  if (after !== undefined) checkWhole(after, 'after', 0)
  if (before !== undefined) checkWhole(before, 'before', 0)
}

/** For the `limit` of a store's `list`, which is 1 to 1,000. @throws `invalid` with path `limit`. */
export function checkPageLimit(limit: number): void {
  checkWhole(limit, 'limit', 1, maxPage)
}

/** For any other number that a store is given. @throws `invalid` with `path` unless whole and from `min` to `max`. */
export function checkWhole(value: number, path: string, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new SessionError('invalid', `${path} must be a whole number from ${min} to ${max}`, { path })
}
