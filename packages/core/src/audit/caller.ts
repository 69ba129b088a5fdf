import { type Identity, isAdmin } from '../domain/identity.js'
import { processRegistry } from '../process-registry.js'
import type { TenantUser } from '../service/user-record.js'
import type { AuditActor, AuditDetail } from './entry.js'

/** What happened, by names: no entry has them. */
export interface Happening {
  readonly tenantId: string
  readonly action: string
  readonly actor: AuditActor
  readonly subject?: TenantUser | undefined
  /** The data of the subject is about to be erased: no key is made for it (default false). */
  readonly erases?: boolean | undefined
  readonly sessionId?: string | undefined
  readonly requestId?: string | undefined
  readonly detail?: AuditDetail
}

/** Who does something, and by which request. */
export type AuditedCaller = Pick<Happening, 'actor' | 'requestId'>

/** Holds what belongs to no tenant: requests that were refused before their caller was known. */
export const nobodysTenant = '~nobody'

const callers = processRegistry<Identity, Partial<AuditedCaller>>('audited-callers')

/** Has entries about what this caller does name the request, or somebody who acts as this caller. */
export function noteCaller(identity: Identity, caller: Partial<AuditedCaller>): void {
  callers.set(identity, caller)
}

/** A caller, as an entry has it. */
export function callerOf(identity: Identity): AuditedCaller {
  const { userId } = identity
  const nobody = isAdmin(identity) ? 'admin' : 'anonymous'
  const { actor = userId === undefined ? nobody : { userId }, requestId } = callers.get(identity) ?? {}
  return { actor, requestId }
}
