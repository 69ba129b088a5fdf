import { reservedTenantPrefix } from './identity.js'
import type { ServiceParts } from './session-options.js'
import type { SessionRef } from './store.js'

/** What is kept beside a session for a while: events of its turns, answers to keyed requests, ways to other devices. */
export type CompanionKind = 'turns' | 'requests' | 'transfers'

const pageSize = 200

/** The tenant that records of a kind live in, beside that of their sessions. */
export function companionTenant(kind: CompanionKind, tenantId: string): string {
  return `${reservedTenantPrefix}${kind}:${tenantId}`
}

/** Removes what is kept beside a session: it holds what the session held, and ends with it. */
export async function removeCompanions(
  { store }: ServiceParts,
  { tenantId, id }: SessionRef,
  kinds: readonly CompanionKind[],
): Promise<void> {
  for (const kind of kinds) {
    const query = { tenantId: companionTenant(kind, tenantId), label: id, limit: pageSize }
    for (;;) {
      const { items } = await store.list(query)
      if (items.length === 0) break
      await Promise.all(items.map((record) => store.remove(record)))
      if (items.length < pageSize) break
    }
  }
}
