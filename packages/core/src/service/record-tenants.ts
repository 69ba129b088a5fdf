import { keyKind } from '../contract/session-record.js'
import { sideRecordKinds, sideRecordTenant } from './side-records.js'

/**
 * For a store over stores: the tenants in which the library keeps records beside the sessions of a tenant, which move
 * with them. The records that tell the time of the store that they are in stay there.
 */
export function recordTenantsOf(tenantId: string): string[] {
  const kinds = sideRecordKinds.filter((kind) => kind !== 'clock')
  return [...kinds.map((kind) => sideRecordTenant(kind, tenantId)), `${keyKind}:${tenantId}`]
}
