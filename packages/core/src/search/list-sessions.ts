import { recordList } from '../audit/access.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { Page } from '../contract/session-store.js'
import type { Identity } from '../domain/identity.js'
import { checkOptions } from '../options.js'
import { foreignCursor, parseListCursor, toListCursor } from '../service/list-cursor.js'
import {
  checkWhole,
  type CountOptions,
  countSessions,
  type ListOptions,
  listScope,
} from '../service/list-scope.js'
import type { Service } from '../service/service.js'
import { listedRecord } from '../session/admin-reads.js'

/** One page of the sessions that a caller may list. @throws `invalid` */
export async function listSessions(
  service: Service,
  identity: Identity,
  options: ListOptions,
): Promise<Page<SessionRecord>> {
  checkOptions<ListOptions>(options, { limit: 'number', cursor: 'text', label: 'text', userId: 'text' })
  const { limit = 20, cursor } = options
  checkWhole(limit, 'limit', 200)
  const listed = listScope(identity, options)
  if (listed === undefined) {
    if (cursor !== undefined) throw foreignCursor()
    return { items: [] }
  }
  const at = cursor === undefined ? {} : { cursor: await parseListCursor(service, listed, cursor) }
  await recordList(service, identity, listed)
  const found = await service.store.list({ ...listed, limit, ...at })
  const page = { ...found, items: found.items.map((record) => listedRecord(service, identity, record)) }
  if (page.cursor === undefined) return page
  return { ...page, cursor: await toListCursor(service, listed, page.cursor) }
}

/** How many sessions a caller may list. @throws `invalid` */
export async function countFor(
  { store }: Service,
  identity: Identity,
  options: CountOptions,
): Promise<number> {
  checkOptions<CountOptions>(options, { label: 'text', userId: 'text', atMost: 'number' })
  const { atMost = 10_000 } = options
  checkWhole(atMost, 'atMost', Number.MAX_SAFE_INTEGER)
  const listed = listScope(identity, options)
  return listed === undefined ? 0 : countSessions(store, listed, atMost)
}
