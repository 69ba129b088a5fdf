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
// Of so many sessions it is known which were counted: some MB of their ids.
const maxRemembered = 100_000
// A store says to the minute when a session was last active.
const coarseMs = 120_000

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
  const seen = new Set<string>()
  let unremembered = 0
  let begunAt: number | undefined
  // A session that becomes active meanwhile moves to the beginning of the list: a second look finds it there.
  for (const isAgain of [false, true]) {
    let cursor: string | undefined
    do {
      const left = atMost - seen.size - unremembered
      const limit = isAgain ? pageSize : Math.min(pageSize, left)
      const page = await store.list({ ...scope, limit, ...(cursor === undefined ? {} : { cursor }) })
      const isOnly = cursor === undefined && page.cursor === undefined
      begunAt ??= page.items[0]?.activeAt ?? 0
      for (const { id } of page.items) {
        if (seen.size < maxRemembered) seen.add(id)
        else if (!seen.has(id)) unremembered++
      }
      if (isOnly || seen.size + unremembered >= atMost) return Math.min(seen.size + unremembered, atMost)
      cursor = page.cursor
      if (isAgain && page.items.at(-1)!.activeAt < begunAt - coarseMs) cursor = undefined
    } while (cursor !== undefined)
    if (unremembered > 0) break
  }
  return seen.size + unremembered
}

/** @throws `invalid` */
export function checkWhole(value: number, path: string, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return
  throw new SessionError('invalid', `${path} must be a whole number from 1 to ${most}`, { path })
}
