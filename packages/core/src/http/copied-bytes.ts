import type { Identity } from '../domain/identity.js'
import { rootIdOf } from '../domain/session-body.js'
import { SessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'
import { sideRecordRef, updateSideRecord, userRecordRef } from '../service/side-records.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { AdmitCopy } from '../session/copy-admission.js'
import type { ApiConfig } from './api-options.js'

const windowMs = 3_600_000

interface Copied {
  readonly bytes: number
}

/**
 * Counts the bytes that a caller copies within an hour, by forks and by transfers that copy, and refuses further
 * copies once they are as many as the API allows. The hour begins with the first copy, by the store's clock.
 */
export function copyAdmission(
  { service, maxCopiedBytes }: Pick<ApiConfig, 'service' | 'maxCopiedBytes'>,
  { userId }: Identity,
): AdmitCopy | undefined {
  if (maxCopiedBytes === Number.POSITIVE_INFINITY) return undefined
  return async (source, bytes) => {
    const { ref, label } = await copiedIn(source, userId)
    const add = (before: Copied = { bytes: 0 }, record?: SessionRecord): Copied | undefined => {
      if (before.bytes >= maxCopiedBytes) throw spent(record!.expiresAt! - service.storeClock.now())
      return bytes === 0 ? undefined : { bytes: before.bytes + bytes }
    }
    await updateSideRecord(service, ref, add, {
      idleMs: windowMs,
      keepsDeadline: true,
      ...(userId === undefined ? {} : { userId }),
      ...(label === undefined ? {} : { label }),
    })
  }
}

/** Where it is counted: for each user; for an anonymous caller, in the line of forks that the session belongs to. */
async function copiedIn(
  source: LiveSession,
  userId: string | undefined,
): Promise<{ readonly ref: SessionRef; readonly label?: string }> {
  const { service, ref } = source
  const { tenantId, id } = ref
  if (userId !== undefined) {
    const idOf = (digest: string): string => JSON.stringify(['copied by', digest])
    return { ref: await userRecordRef(service, 'budgets', { tenantId, userId }, idOf) }
  }
  const { body } = source.seen ?? (await source.load())
  const label = rootIdOf(body, id)
  return { ref: sideRecordRef('budgets', tenantId, JSON.stringify(['copied in', label])), label }
}

function spent(retryAfterMs: number): SessionError {
  return new SessionError('limit_reached', 'Too many bytes of messages were copied within an hour.', {
    path: 'maxCopiedBytes',
    // Until a commit has told the store's time, the clock of this process may be hours behind it.
    retryAfterMs: Math.max(1, Math.min(windowMs, retryAfterMs)),
  })
}
