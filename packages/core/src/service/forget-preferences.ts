import type { SessionRecord } from '../contract/session-record.js'
import { decodeBody } from '../domain/session-body.js'
import { isSessionError } from '../errors.js'
import { Attempts } from './attempts.js'
import { blankAnswers } from './keyed-requests.js'
import type { Service } from './service.js'

/**
 * Takes the preferences out of a session, and out of the answers that are kept for its requests. It moves no deadline:
 * nobody was active.
 *
 * @returns Whether there were any.
 */
export async function forgetPreferencesOf(
  service: Service,
  { tenantId, id, incarnation }: SessionRecord,
): Promise<boolean> {
  const { store } = service
  const ref = { tenantId, id }
  const attempts = new Attempts()
  for (;;) {
    const stored = await store.read(ref)
    if (stored === undefined || stored.record.incarnation !== incarnation) return false
    const body = decodeBody(stored.body)
    if (Object.keys(body.preferences).length === 0) return attempts.mayBeApplied
    const next = JSON.stringify({ ...body, preferences: {} })
    try {
      await blankAnswers(service, stored.record)
      await store.commit(ref, { incarnation, revision: stored.record.revision, body: next })
      return true
    } catch (error) {
      if (isSessionError(error, 'not_found')) return false
      await attempts.again(error)
    }
  }
}
