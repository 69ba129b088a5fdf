import type { Service } from './service.js'
import { reservedTenantPrefix, type SessionRecord } from '../contract/session-record.js'

/** What is kept beside a session for a while: events of its turns, answers to keyed requests, ways to other devices. */
export type SideRecordKind = 'turns' | 'requests' | 'transfers'

const pageSize = 200

/** The tenant that records of a kind live in, beside that of their sessions. */
export function sideRecordTenant(kind: SideRecordKind, tenantId: string): string {
  return `${reservedTenantPrefix}${kind}:${tenantId}`
}

/** What finds the records of a kind that belong to a session. */
export function sideRecordLabel(kind: SideRecordKind, { id, incarnation }: SessionRecord): string {
  // A turn is of one session, and not of one that is made later under the same id. A request names an id only.
  return kind === 'requests' ? id : incarnation
}

/**
 * Removes what is kept beside a session: it holds what the session held, and ends with it. The session is gone by then,
 * so a failure is no failure of its removal: what is left expires, after a day at most.
 */
export async function removeSideRecords(
  service: Service,
  record: SessionRecord,
  kinds: readonly SideRecordKind[],
): Promise<void> {
  try {
    await removeAll(service, record, kinds)
  } catch (cause) {
    const message = 'Events of turns, or answers to keyed requests, outlive their session until they expire.'
    service.warn({ code: 'side_records_kept', message, cause })
  }
}

async function removeAll(
  { store }: Service,
  record: SessionRecord,
  kinds: readonly SideRecordKind[],
): Promise<void> {
  for (const kind of kinds) {
    const query = {
      tenantId: sideRecordTenant(kind, record.tenantId),
      label: sideRecordLabel(kind, record),
      limit: pageSize,
    }
    for (;;) {
      const { items } = await store.list(query)
      if (items.length === 0) break
      await Promise.all(items.map((item) => store.remove(item)))
      if (items.length < pageSize) break
    }
  }
}
