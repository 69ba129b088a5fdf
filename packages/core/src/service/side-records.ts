import { reservedTenantPrefix } from '../domain/identity.js'
import type { ServiceParts } from './service.js'
import type { SessionRecord } from '../contract/session-record.js'

/** What is kept beside a session for a while: events of its turns, answers to keyed requests, ways to other devices. */
export type CompanionKind = 'turns' | 'requests' | 'transfers'

const pageSize = 200

/** The tenant that records of a kind live in, beside that of their sessions. */
export function companionTenant(kind: CompanionKind, tenantId: string): string {
  return `${reservedTenantPrefix}${kind}:${tenantId}`
}

/** What finds the records of a kind that belong to a session. */
export function companionLabel(kind: CompanionKind, { id, incarnation }: SessionRecord): string {
  // A turn is of one session, and not of one that is made later under the same id. A request names an id only.
  return kind === 'requests' ? id : incarnation
}

/**
 * Removes what is kept beside a session: it holds what the session held, and ends with it. The session is gone by then,
 * so a failure is no failure of its removal: what is left expires, after a day at most.
 */
export async function removeCompanions(
  service: ServiceParts,
  record: SessionRecord,
  kinds: readonly CompanionKind[],
): Promise<void> {
  try {
    await removeAll(service, record, kinds)
  } catch (cause) {
    const message = 'Events of turns, or answers to keyed requests, outlive their session until they expire.'
    service.warn({ code: 'companions_kept', message, cause })
  }
}

async function removeAll(
  { store }: ServiceParts,
  record: SessionRecord,
  kinds: readonly CompanionKind[],
): Promise<void> {
  for (const kind of kinds) {
    const query = {
      tenantId: companionTenant(kind, record.tenantId),
      label: companionLabel(kind, record),
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
