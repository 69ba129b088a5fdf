import { digestOf } from '../digest.js'
import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import {
  readSideRecord,
  type SideRecord,
  type SideRecordOptions,
  sideRecordRef,
  updateSideRecord,
} from '../service/side-records.js'
import type { Service } from '../service/service.js'
import { readStoreTime } from '../service/store-time.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import { type KeptAnswer, keyedDigest, replayAnswer, toKeptAnswer } from './kept-answer.js'
import { RequestError } from './problem.js'

/** A request that is to happen once, however often it is sent. */
export interface ExecuteOnceOptions {
  readonly service: Service
  readonly tenantId: string
  /** What makes two requests the same attempt: who asks, where, and the key. */
  readonly scope: string
  /** The key, which alone opens the credentials kept with an answer. */
  readonly key: string
  /** What makes two requests alike. */
  readonly content: string
  /** Nothing of the request or its answer may stand in the store as it is. */
  readonly isSecret?: boolean
  /** Whose request it is, and the session it is about: what is kept of it ends with them. */
  readonly about: { readonly userId?: string; readonly label?: string }
  /** How long the answer is kept, in milliseconds. */
  readonly keepMs: number
  /** What refuses the request when it was not executed before; undefined when nothing does. */
  readonly refusal?: unknown
  /**
   * @param seed The same for every execution of the attempt, should the first one die: ids are made of it.
   * @param isRetry True when an earlier execution died on the way.
   */
  readonly execute: (seed: string, isRetry: boolean) => Promise<Response>
}

interface Entry {
  readonly content: string
  readonly seed: string
  readonly answer?: KeptAnswer
  /** It was executed, and its answer is too long to be kept: a repeat executes it again, with the same seed. */
  readonly isDone?: true
}

// How long a request whose process died is waited for.
const leaseMs = 30_000
const waitMs = 30_000
const checkMs = 5000
const longestPollMs = 500
// In UTF-16 units, of what is kept of one answer.
const maxKeptLength = 131_072

/**
 * Executes a request, or gives the answer that it got before.
 *
 * @throws `key_reused` for another request under the same key; `request_in_progress` when the first one takes long.
 */
export async function executeOnce(options: ExecuteOnceOptions): Promise<Response> {
  const { service, tenantId, scope, keepMs, execute, key, isSecret = false } = options
  const ref = sideRecordRef('requests', tenantId, await digestOf(scope))
  // Keyed where it is secret, for what is short could be tried on a plain digest.
  const content = isSecret ? await keyedDigest(options.content, key) : await digestOf(options.content)
  const keeping = { idleMs: keepMs, ...options.about }
  const claimed = await claim(service, tenantId, { ref, content, keeping, refusal: options.refusal })
  const entry = claimed.value
  if (entry.answer !== undefined) return replayAnswer(entry.answer, key)

  const alive = setInterval(() => {
    service.store.commit(ref, { idleMs: keepMs }).catch(() => {})
  }, leaseMs / 4)
  try {
    const response = await execute(entry.seed, claimed.record.revision > 1)
    if (response.status >= 400) {
      // Nothing has happened, so nothing has to be known of it: the next try may find it otherwise.
      await service.store.remove(ref)
      return response
    }
    const body = await response.text()
    const answer = await toKeptAnswer(response, body, { key, isSecret })
    await keep(service, ref, claimed, answer, keeping)
    return new Response(body, { status: response.status, headers: response.headers })
  } catch (error) {
    await service.store.remove(ref).catch(() => {})
    throw error
  } finally {
    clearInterval(alive)
  }
}

interface Attempt {
  readonly ref: SessionRef
  readonly content: string
  readonly keeping: SideRecordOptions<Entry>
  readonly refusal: unknown
}

/** Makes the attempt ours, or waits for the answer of whoever has it. */
async function claim(
  service: Service,
  tenantId: string,
  { ref, content, keeping, refusal }: Attempt,
): Promise<SideRecord<Entry>> {
  const deadline = performance.now() + waitMs
  let checkAt = 0
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, longestPollMs)) {
    const seen = await readSideRecord<Entry>(service, ref)
    if (seen === undefined) {
      if (refusal !== undefined) throw refusal
      const entry: Entry = { content, seed: newId() }
      const made = (before: Entry | undefined) => (before === undefined ? entry : undefined)
      const claimed = await updateSideRecord(service, ref, made, { ...keeping, seen: 'none' })
      if (claimed !== undefined) return claimed
      continue
    }
    const { value, record } = seen
    if (value.content !== content) {
      throw new SessionError('key_reused', 'This Idempotency-Key was used for another request.', {
        path: 'Idempotency-Key',
      })
    }
    if (value.answer !== undefined || value.isDone === true) return seen
    if (performance.now() >= checkAt) {
      if ((await readStoreTime(service, tenantId)) - record.updatedAt >= leaseMs) {
        // Whoever had it is gone. Ours now, unless somebody else thinks the same; the seed stays, so ids do too.
        const taken = await updateSideRecord(service, ref, whileAt(record, value), { ...keeping, seen })
        if (taken !== undefined) return taken
        continue
      }
      checkAt = performance.now() + checkMs
    }
    if (performance.now() >= deadline) {
      throw new RequestError('request_in_progress', 'The same request is still being executed.')
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

async function keep(
  service: Service,
  ref: SessionRef,
  claimed: SideRecord<Entry>,
  answer: KeptAnswer,
  keeping: SideRecordOptions<Entry>,
): Promise<void> {
  const done: Entry = { ...claimed.value, answer }
  const isLong = JSON.stringify(done).length > maxKeptLength
  const answered = whileAt(claimed.record, isLong ? { ...claimed.value, isDone: true } : done)
  try {
    await updateSideRecord(service, ref, answered, { ...keeping, seen: claimed })
  } catch {
    // The request has happened, and its caller is to hear of it. A repeat executes it again with the same seed.
  }
}

/** A change to `next` that is made only while the attempt is whose it was: nobody has taken it over since. */
function whileAt({ incarnation, revision }: SessionRecord, next: Entry) {
  return (_: Entry | undefined, record: SessionRecord | undefined): Entry | undefined =>
    record?.incarnation === incarnation && record.revision === revision ? next : undefined
}
