import { createListCursors } from '../list-cursors.js'
import type { SessionRecord } from '../session-record.js'
import type { ListPlace, Page, SessionQuery, SessionStore } from '../session-store.js'

const { toCursor, parseCursor } = createListCursors('sealed')

/** A page of the sessions of a user whose id a store has in several forms: sealed in some sessions, and not in others. */
export async function listOfUser(
  store: SessionStore,
  { cursor, ...query }: SessionQuery,
  forms: readonly string[],
): Promise<Page<SessionRecord>> {
  const place = cursor === undefined ? query.after : parseCursor(cursor)
  const after = place === undefined ? {} : { after: place }
  const pages = await Promise.all(forms.map((userId) => store.list({ ...query, ...after, userId })))
  const found = pages.flatMap(({ items }) => items).toSorted(byPlace)
  const items = found.slice(0, query.limit)
  const isMore = found.length > items.length || pages.some((page) => page.cursor !== undefined)
  return isMore ? { items, cursor: toCursor(items.at(-1)!) } : { items }
}

function byPlace(one: ListPlace, other: ListPlace): number {
  return other.activeAt - one.activeAt || (one.id < other.id ? -1 : 1)
}
