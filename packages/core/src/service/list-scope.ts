import type { SessionQuery, SessionStore } from '../contract/session-store.js'
import type { Identity } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { parseId } from '../ids.js'
import { parseTitle } from '../parse.js'

/** Options of a list. */
export interface ListOptions {
  /** At most this many sessions, 1 to 200 (default 20). */
  limit?: number
  /**
   * The cursor of an earlier page of the same list: of this tenant, user and label, with any `limit` (default: the
   * first page).
   */
  cursor?: string
  /** Only sessions with this label (default: with any). */
  label?: string
  /** Only sessions of this user; for an admin alone (default: the caller's own; for an admin, those of all users). */
  userId?: string
}

/** Which sessions are counted. */
export interface CountOptions extends Pick<ListOptions, 'label' | 'userId'> {
  /** Sessions that are counted at most (default 10,000). */
  atMost?: number
}

type ListScope = Omit<SessionQuery, 'limit' | 'cursor'>

const pageSize = 1000

/** The sessions that a caller may list; undefined for an anonymous caller, who owns none. @throws `invalid` */
export function listScope(
  { tenantId, userId: own, roles }: Identity,
  { label, userId: wanted }: Pick<ListOptions, 'label' | 'userId'>,
): ListScope | undefined {
  if (wanted !== undefined) parseId(wanted, 'userId')
  const isAdmin = roles?.includes('admin') === true
  const userId = isAdmin ? wanted : own
  if (userId === undefined && !isAdmin) return undefined
  return {
    tenantId,
    ...(userId === undefined ? {} : { userId }),
    ...(label === undefined ? {} : { label: parseTitle(label, 'label') }),
  }
}

/** How many sessions a scope has, `atMost` if there are more. */
export async function countSessions(store: SessionStore, scope: ListScope, atMost: number): Promise<number> {
  let counted = 0
  let cursor: string | undefined
  do {
    const limit = Math.min(pageSize, atMost - counted)
    const page = await store.list({ ...scope, limit, ...(cursor === undefined ? {} : { cursor }) })
    counted += page.items.length
    cursor = page.cursor
  } while (cursor !== undefined && counted < atMost)
  return counted
}

/** @throws `invalid` */
export function checkWhole(value: number, path: string, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return
  throw new SessionError('invalid', `${path} must be a whole number from 1 to ${most}`, { path })
}
