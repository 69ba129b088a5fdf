import type { SessionRecord, SessionStore } from '@sessions/core/store'

const pageSize = 1000

/** All sessions of a tenant that are meant, in the order of `list`. */
export async function* sessionsOf(
  store: SessionStore,
  tenantId: string,
  isMeant: (record: SessionRecord) => boolean,
): AsyncGenerator<SessionRecord, undefined> {
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ tenantId, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    yield* page.items.filter(isMeant)
    if (page.cursor === undefined) return undefined
    cursor = page.cursor
  }
}

/** A session that is not the same in two lists. */
export interface ListDifference {
  readonly record: SessionRecord
  /** True for a session of the first list that the second one has not, or not so. */
  readonly isMissing: boolean
}

/**
 * What differs between two lists. A session that stands at another place in the second list differs twice: once as
 * missing, once as too much.
 */
export async function* listDifferences(
  wanted: AsyncIterator<SessionRecord, undefined>,
  found: AsyncIterator<SessionRecord, undefined>,
): AsyncGenerator<ListDifference> {
  const next = async (list: AsyncIterator<SessionRecord, undefined>) => (await list.next()).value
  let [here, there] = [await next(wanted), await next(found)]
  while (here !== undefined || there !== undefined) {
    const order = here === undefined ? 1 : there === undefined ? -1 : compare(here, there)
    if (order < 0 || (order === 0 && !isSame(here!, there!))) yield { record: here!, isMissing: true }
    if (order > 0) yield { record: there!, isMissing: false }
    if (order <= 0) here = await next(wanted)
    if (order >= 0) there = await next(found)
  }
}

const isSame = (a: SessionRecord, b: SessionRecord): boolean =>
  a.incarnation === b.incarnation && a.changes === b.changes

function compare(a: SessionRecord, b: SessionRecord): number {
  return b.activeAt - a.activeAt || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1)
}
