import { checkPurpose, type ConsentPurpose, type Consents } from '../domain/consent.js'
import type { Identity } from '../domain/identity.js'
import type { SessionBody } from '../domain/session-body.js'
import { SessionError } from '../errors.js'
import type { LiveSession } from './live-session.js'
import type { Service } from './service.js'
import { readUserRecord, type TenantUser } from './user-record.js'

/** What holds for the four purposes of the library when nothing was said. */
const usual: Readonly<Record<string, boolean>> = {
  storage: true,
  personalization: true,
  analytics: false,
  memory: false,
}

/**
 * Whether a purpose is allowed, by what was decided, what trusted code knows of the caller, and what holds when nothing
 * was said. Each of the first two alone can deny it.
 */
export function isAllowed(
  { consent }: Pick<Service, 'consent'>,
  purpose: ConsentPurpose,
  decided: Consents | undefined,
  known?: Identity['consents'],
): boolean {
  checkPurpose(purpose)
  // An application that asks nobody goes on as if everybody had consented.
  if (consent === undefined) return true
  const said = [own(decided?.purposes, purpose)?.granted, own(known, purpose)].filter(
    (each) => each !== undefined,
  )
  if (said.length > 0) return said.every(Boolean)
  return own(consent.unsaid, purpose) ?? own(usual, purpose) ?? false
}

/** Whether a caller allows a purpose. @param own What the holder of an anonymous session has decided in it. */
export type Allows = (purpose: ConsentPurpose, own?: Consents) => boolean

/** `constructor` is a purpose like any other. */
function own<Value>(values: Readonly<Record<string, Value>> | undefined, purpose: string): Value | undefined {
  return values !== undefined && Object.hasOwn(values, purpose) ? values[purpose] : undefined
}

/** What the user record says. Costs a read. */
export async function readConsents(service: Service, user: TenantUser): Promise<Consents | undefined> {
  return (await readUserRecord(service, user))?.value.consent
}

/** @throws `consent_missing` */
export function refuseWithout(purpose: ConsentPurpose): never {
  throw new SessionError('consent_missing', `The user does not consent to ${purpose}.`, { path: purpose })
}

/**
 * Whether the one whose session it is allows a purpose: a user by the user record, which costs a read where the
 * application asks for consent; the holder of an anonymous session by its body.
 */
export async function allowing(
  live: LiveSession,
  purpose: ConsentPurpose,
): Promise<(body: SessionBody) => boolean> {
  const { service, identity, record } = live
  const { tenantId, userId } = record
  if (service.consent === undefined) return () => true
  if (userId === undefined) return (body) => isAllowed(service, purpose, body.consent, identity.consents)
  const decided = await readConsents(service, { tenantId, userId })
  const known = identity.userId === userId ? identity.consents : undefined
  const allowed = isAllowed(service, purpose, decided, known)
  return () => allowed
}
