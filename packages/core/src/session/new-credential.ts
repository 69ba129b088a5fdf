import type { Identity } from '../domain/identity.js'
import { nextGeneration } from '../domain/next-generation.js'
import { SessionError } from '../errors.js'
import { isAllowed, refuseWithout } from '../service/consent.js'
import { blankKeptAnswers } from '../service/keyed-requests.js'
import { noSuchSession } from '../service/held-credential.js'
import type { LiveSession } from '../service/live-session.js'
import { countGiven } from '../service/session-slots.js'
import { checkNotErased, refuseErased } from '../service/user-record.js'
import { signCredential } from './credential.js'

/** Voids every earlier credential, and makes a new one. */
export async function rotateCredential(live: LiveSession): Promise<string> {
  const seen = await live.update((before) => {
    // Whoever has replaced it since this handle was opened does not lose the session to it.
    live.checkHeld({ record: live.record, body: before })
    return { ...before, generation: nextGeneration(before.generation) }
  })
  live.holds(seen.body.generation)
  live.emit('credential.rotated', seen.record, { generation: seen.body.generation })
  return signCredential(live, seen)
}

/** Gives an anonymous session to the caller's user, and voids every earlier credential. */
export async function bindToUser(live: LiveSession): Promise<string> {
  return giveToUser(live, live.identity)
}

/**
 * Gives a session of nobody, or of the guest of this user id, to a user, and voids every earlier credential. Of several
 * calls for a guest's session at once, one gives it; to the others it is no session of the guest any more.
 */
export async function giveToUser(live: LiveSession, to: Identity, guest?: string): Promise<string> {
  const { userId } = to
  if (userId === undefined) {
    throw new SessionError('unauthenticated', 'Only a signed-in user can own a session.')
  }
  const { service, ref } = live
  // A session that nobody has given away yet stays as it is.
  const consents = await checkNotErased(service, { tenantId: ref.tenantId, userId })
  const allows = (purpose: string) => isAllowed(service, purpose, consents, to.consents)
  if (!allows('storage')) refuseWithout('storage')
  // As the preferences, which it loses.
  if (!allows('personalization') && live.isStored) await blankKeptAnswers(service, live.record)
  let isGiven = false
  const seen = await live.update(
    (before) => {
      const { record } = live
      const owner = record.userId
      if (owner !== undefined && owner !== userId && owner !== guest) throw noSuchSession()
      // Its credential has been replaced since this handle was opened, and not by it.
      const isOutdated = !live.mayStillOpen({ record, body: before })
      if (isOutdated && owner !== userId) throw noSuchSession()
      isGiven = isOutdated
      // Another request of the user was faster. A browser keeps the answer that comes last: both get one credential.
      if (isGiven) return before
      // The user's own decisions hold from now on.
      const { consent: _, ...body } = before
      const preferences = allows('personalization') ? before.preferences : {}
      return { ...body, preferences, generation: nextGeneration(before.generation) }
    },
    { userId },
  )
  // Before it is seen whether the user was erased meanwhile: then this goes with all else of the user.
  if (!isGiven) await countGiven(service, seen.record)
  if (!(await refuseErased(service, seen.record))) {
    await blankKeptAnswers(service, seen.record)
    await live.update((before) => ({ ...before, preferences: {} }))
  }
  live.holds(seen.body.generation)
  if (isGiven) return signCredential(live, seen)
  live.emit('session.bound', seen.record, {})
  live.emit('credential.rotated', seen.record, { generation: seen.body.generation })
  return signCredential(live, seen)
}
