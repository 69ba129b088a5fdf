import type { SessionStore } from '../../src/index.js'
import { sideRecordKinds, sideRecordTenant } from '../../src/service/side-records.js'

/** Everything that a store holds of a tenant, side records included, as one text. */
export async function dumpOf(store: SessionStore, tenantId: string): Promise<string> {
  const tenants = [tenantId, ...sideRecordKinds.map((kind) => sideRecordTenant(kind, tenantId))]
  const found: unknown[] = []
  for (const each of tenants) {
    const { items } = await store.list({ tenantId: each, limit: 1000 })
    for (const item of items) found.push(await store.read(item, { tail: 1000 }))
  }
  return JSON.stringify(found)
}
