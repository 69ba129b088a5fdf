import {
  type ConsentChange,
  type Consents,
  decided,
  merged,
  noConsents,
  parseConsentChange,
  withdrawn,
} from '../domain/consent.js'
import { type AuditedCaller, callerOf } from '../audit/caller.js'
import { refreshAnalytics } from '../analytics/follow-analytics.js'
import { audited } from '../audit/audited.js'
import { parseUser } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { bindToUser } from '../session/new-credential.js'
import { deleteSession } from '../session/deletion.js'
import { isAllowed, readConsents } from '../service/consent.js'
import { blankAnswers } from '../service/keyed-requests.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { tellStoreTime } from '../service/store-time.js'
import { checkNotErased, type TenantUser, changeUserRecord } from '../service/user-record.js'
import { withdraw } from './withdraw.js'

/** What became of a decision. */
export interface ConsentOutcome {
  /** All that holds now. */
  readonly consents: Consents
  /** What a withdrawal has removed, by kind: `sessions`, `messages`, `preferences` … Empty for a consent. */
  readonly removed: Readonly<Record<string, number>>
}

/** The decisions of a user. */
export async function consentsOf(service: Service, user: TenantUser): Promise<Consents> {
  return (await readConsents(service, parseUser(user))) ?? noConsents
}

/** Whether a user allows a purpose, by what was decided, and by what holds when nothing was said. */
export async function allows(service: Service, user: TenantUser, purpose: string): Promise<boolean> {
  return isAllowed(service, purpose, await readConsents(service, parseUser(user)))
}

/**
 * Notes a decision of a user. A withdrawal removes what the purpose had stored, whether or not it was noted before: so
 * the same call again goes on where a process died.
 *
 * @param caller Who decides, for the audit.
 */
export async function decide(
  service: Service,
  given: TenantUser,
  change: ConsentChange,
  caller: AuditedCaller,
): Promise<ConsentOutcome> {
  checkAsks(service)
  const user = parseUser(given)
  const said = parseConsentChange(change)
  const { purpose, granted } = said
  const happening = { ...caller, ...consentSet, tenantId: user.tenantId, subject: user }
  return audited(service, { ...happening, detail: { purpose, granted } }, async () => {
    await checkNotErased(service, user)
    const at = await tellStoreTime(service, user.tenantId)
    const consents = await note(service, user, (before) => decided(before, said, at))
    const removed = granted ? {} : await withdraw(service, user, [purpose])
    if (purpose === 'analytics') await refreshAnalytics(service, user)
    return { consents, removed }
  })
}

const consentSet = { action: 'consent.set' } as const

/** Notes a decision of the holder of an anonymous session, in the session. */
export async function decideInSession(live: LiveSession, change: ConsentChange): Promise<ConsentOutcome> {
  const { service } = live
  checkAsks(service)
  const said = parseConsentChange(change)
  const { purpose, granted } = said
  const { tenantId, id: sessionId } = live.ref
  const happening = { ...consentSet, tenantId, ...callerOf(live.identity), sessionId }
  return audited(service, { ...happening, detail: { purpose, granted } }, async () => decideAs(live, said))
}

async function decideAs(live: LiveSession, said: ConsentChange): Promise<ConsentOutcome> {
  const { service } = live
  if (live.isStored && said.purpose === 'storage' && !said.granted) {
    const { record } = await live.load()
    await deleteSession(live)
    const messages = record.lastSeq - record.trimmedSeq
    return { consents: noConsents, removed: { sessions: 1, messages } }
  }
  const forgets = said.purpose === 'personalization' && !said.granted
  let preferences = 0
  // Before they are gone: whoever dies over this finds them, and does both again.
  if (forgets && live.isStored) await blankAnswers(service, live.record)
  const at = await tellStoreTime(service, live.ref.tenantId)
  const { body } = await live.update((before) => {
    preferences = forgets && Object.keys(before.preferences).length > 0 ? 1 : 0
    const consent = decided(before.consent ?? noConsents, said, at)
    return { ...before, consent, ...(preferences === 1 ? { preferences: {} } : {}) }
  })
  return { consents: body.consent!, removed: preferences === 1 ? { preferences } : {} }
}

/** Gives an anonymous session to the caller's user, with what its holder has decided. @returns The new credential. */
export async function bindSession(live: LiveSession): Promise<string> {
  await mergeConsents(live)
  return bindToUser(live)
}

/**
 * Joins what was decided in an anonymous session with what the user has decided who is about to own it: the stricter
 * wins, and what it withdraws is removed.
 */
async function mergeConsents(live: LiveSession): Promise<void> {
  const { service, ref, identity } = live
  const { userId } = identity
  if (service.consent === undefined || userId === undefined || live.record.userId !== undefined) return
  const guest = (live.seen ?? (await live.load())).body.consent
  if (guest === undefined) return
  const user = { tenantId: ref.tenantId, userId }
  const about = { action: 'consent.merge', subject: user, sessionId: ref.id }
  const happening = { ...about, ...callerOf(identity), tenantId: ref.tenantId }
  await audited(service, happening, async () => {
    await checkNotErased(service, user)
    let denied: string[] = []
    await note(service, user, (before) => {
      const after = merged(before, guest)
      denied = withdrawn(before, guest, after)
      return after
    })
    if (denied.length > 0) await withdraw(service, user, denied)
  })
}

async function note(
  service: Service,
  user: TenantUser,
  change: (before: Consents) => Consents,
): Promise<Consents> {
  const { consent } = await changeUserRecord(
    service,
    user,
    ({ consent: before = noConsents, ...others }) => ({
      ...others,
      consent: change(before),
    }),
  )
  return consent!
}

/** @throws `invalid` when the service does not ask for consent, or could not find it again. */
export function checkAsks({ consent, hasLastingSecrets }: Service): void {
  if (consent === undefined || !hasLastingSecrets) {
    const path = consent === undefined ? 'consent' : 'credentialSecrets'
    throw new SessionError('invalid', `${path} is missing among the options of the service`, { path })
  }
}
