import { isSessionError, type SessionErrorCode } from '../errors.js'
import type { Service } from '../service/service.js'
import { auditLogOf } from './audit-log.js'
import type { Happening } from './caller.js'
import type { AuditDetail, AuditOutcome } from './entry.js'

/**
 * Says how an operation has ended. A failure to write that is the warning `audit_failed`: it is done already.
 *
 * @param id The operation (default: that of the intent).
 */
export type Settle = (
  outcome: Exclude<AuditOutcome, 'intent'>,
  detail?: AuditDetail,
  id?: string,
) => Promise<void>

// The store, or the code around it, failed; all other codes refuse what was asked.
const outages: readonly SessionErrorCode[] = [
  'unavailable',
  'unknown_outcome',
  'store_failed',
  'store_full',
  'corrupt',
  'unknown_key',
  'redaction_failed',
]

/**
 * Writes that an operation is about to begin.
 *
 * @param id Names the operation (default: a new one).
 * @throws `unavailable` when that could not be written: then it must not begin
 */
export async function beginAudited(service: Service, happening: Happening, id?: string): Promise<Settle> {
  const log = auditLogOf(service)
  if (log === undefined) return async () => {}
  const { tenantId, detail: said } = happening
  const intent = await log.entryOf(happening, 'intent', id)
  await log.write(tenantId, intent)
  return async (outcome, detail, ended = intent.id) => {
    try {
      await log.write(tenantId, { ...intent, id: ended, outcome, detail: { ...said, ...detail } })
    } catch (cause) {
      const message =
        'The end of an operation could not be written to the audit, which shows it as unsettled.'
      service.warn({ code: 'audit_failed', message, cause })
    }
  }
}

/**
 * Does something that has to be on record: its intent is stored before it begins, its outcome when it has ended.
 *
 * @param detailOf What the entry says of its result (default: nothing).
 * @throws `unavailable` when the intent could not be written, and nothing was done; whatever `work` throws
 */
export async function audited<T>(
  service: Service,
  { id, ...happening }: Happening & { readonly id?: string },
  work: () => Promise<T>,
  detailOf: (result: T) => AuditDetail = () => ({}),
): Promise<T> {
  const settle = await beginAudited(service, happening, id)
  let result: T
  try {
    result = await work()
  } catch (error) {
    await settle(...outcomeOf(error))
    throw error
  }
  await settle('done', detailOf(result))
  return result
}

export function outcomeOf(error: unknown): ['refused' | 'failed', AuditDetail] {
  if (!isSessionError(error)) return ['failed', {}]
  return [outages.includes(error.code) ? 'failed' : 'refused', { code: error.code }]
}

/** Hands on what an audited generator yields; whoever stops reading has got a part of it, or nothing. */
export function followed<T>(
  settle: Settle,
  pieces: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const made = settling(settle, pieces)
  const [next, end] = [made.next.bind(made), made.return.bind(made)]
  let isBegun = false
  made.next = async () => {
    isBegun = true
    return next()
  }
  // What has not begun ends without its `finally`: an answer to `HEAD`, or one that nobody is there for any more.
  made.return = async () => {
    if (!isBegun) await settle('failed', { cut: true })
    isBegun = true
    return end()
  }
  return made
}

async function* settling<T>(
  settle: Settle,
  pieces: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  let end: Parameters<Settle> = ['failed', { cut: true }]
  try {
    yield* pieces
    end = ['done']
  } catch (error) {
    end = outcomeOf(error)
    throw error
  } finally {
    await settle(...end)
  }
}
