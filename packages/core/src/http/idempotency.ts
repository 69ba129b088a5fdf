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
import { type KeptAnswer, type KeyedRequest, madeLabel, withoutWords } from '../service/keyed-requests.js'
import type { Service } from '../service/service.js'
import { afterLateErase, refuseBefore } from '../service/user-record.js'
import { readStoreTime } from '../service/store-time.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import { keyedDigest, replayAnswer, toKeptAnswer } from './kept-answer.js'
import { RequestError } from './problem.js'

/** A request that is executed once, however often it is sent. */
export interface ExecuteOnceOptions {
  readonly service: Service
  readonly tenantId: string
  /** Names the attempt: the caller, the route, and the key. */
  readonly scope: string
  /** The key. Only the key opens the credentials that are kept with an answer. */
  readonly key: string
  /** Two requests with equal content are the same request. */
  readonly content: string
  /** Neither the request nor its answer may be stored in plain text. */
  readonly isSecret?: boolean
  /** The user of the request, and the session in its path: the kept answer ends with them. */
  readonly about: { readonly userId?: string; readonly label?: string }
  /** How long the answer is kept, in milliseconds. */
  readonly keepMs: number
  /** The error when the request was not executed before; undefined when there is none. */
  readonly refusal?: unknown
  /**
   * @param seed The same for every execution of the attempt, also after a process died: ids are derived from it.
   * @param isRetry True when the process of an earlier execution died.
   */
  readonly execute: (seed: string, isRetry: boolean) => Promise<Response>
}

// How long a repeat waits for a request whose process died.
const leaseMs = 30_000
const waitMs = 30_000
const checkMs = 5000
const longestPollMs = 500
// Signs of life that come between a look at an attempt and its end.
const maxTries = 5
// UTF-16 units of one kept answer.
const maxKeptLength = 131_072

/**
 * Executes a request, or returns the answer of an earlier execution.
 *
 * @throws `key_reused` for another request under the same key; `request_in_progress` when the first one takes long.
 */
export async function executeOnce(options: ExecuteOnceOptions): Promise<Response> {
  const { service, tenantId, scope, keepMs, execute, key, isSecret = false } = options
  const ref = sideRecordRef('requests', tenantId, await digestOf(scope))
  // A keyed digest for secret content, because a reader of the store could try short texts on a plain digest.
  const content = isSecret ? await keyedDigest(options.content, key) : await digestOf(options.content)
  const keeping = { idleMs: keepMs, ...options.about }
  const user = { tenantId, userId: options.about.userId }
  await refuseBefore(service, user)
  const claimed = await claim(service, tenantId, { ref, content, keeping, refusal: options.refusal })
  const entry = claimed.value
  if (entry.answer !== undefined) return replayAnswer(entry.answer, key)

  const alive = setInterval(() => {
    service.store.commit(ref, { idleMs: keepMs }).catch(() => {})
  }, leaseMs / 4)
  try {
    const response = await execute(entry.seed, claimed.record.revision > 1)
    if (response.status >= 400) {
      // A refused request has changed nothing, so its answer is not kept: the next try may succeed.
      await giveUp(service, ref, claimed)
      await afterLateErase(service, user)
      return response
    }
    const body = await response.text()
    const answer = await toKeptAnswer(response, body, { key, isSecret })
    await keep(service, ref, claimed, answer, keeping)
    return new Response(body, { status: response.status, headers: response.headers })
  } catch (error) {
    await giveUp(service, ref, claimed).catch(() => {})
    await afterLateErase(service, user).catch(() => {})
    throw error
  } finally {
    clearInterval(alive)
  }
}

interface Attempt {
  readonly ref: SessionRef
  readonly content: string
  readonly keeping: SideRecordOptions<KeyedRequest>
  readonly refusal: unknown
}

/** Claims the attempt for this execution, or waits for the answer of the execution that has it. */
async function claim(
  service: Service,
  tenantId: string,
  { ref, content, keeping, refusal }: Attempt,
): Promise<SideRecord<KeyedRequest>> {
  const deadline = performance.now() + waitMs
  let checkAt = 0
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, longestPollMs)) {
    const seen = await readSideRecord<KeyedRequest>(service, ref)
    if (seen === undefined) {
      if (refusal !== undefined) throw refusal
      const entry: KeyedRequest = { content, seed: newId() }
      const made = (before: KeyedRequest | undefined) => (before === undefined ? entry : undefined)
      // A session that the request makes gets its id from the seed, so its answer is found by it.
      const label = keeping.label ?? madeLabel(entry.seed)
      const claimed = await updateSideRecord(service, ref, made, { ...keeping, label, seen: 'none' })
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
        // The process of that execution has died. Take the attempt over, unless another process does; the seed stays,
        // and so do the ids.
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
  claimed: SideRecord<KeyedRequest>,
  answer: KeptAnswer,
  keeping: SideRecordOptions<KeyedRequest>,
): Promise<void> {
  const isLong = JSON.stringify({ ...claimed.value, answer }).length > maxKeptLength
  const answered = (before: KeyedRequest | undefined, record: SessionRecord | undefined) => {
    if (!isStill(claimed, before, record)) return undefined
    if (isLong) return { ...claimed.value, isDone: true } as const
    // Words were taken away meanwhile, and the answer may have been made before.
    return { ...claimed.value, answer: before?.isBlank === true ? withoutWords(answer) : answer }
  }
  try {
    await updateSideRecord<KeyedRequest>(service, ref, answered, { ...keeping, seen: claimed })
  } catch {
    // The request was executed, and its caller must get the answer. A repeat executes it again with the same seed.
  }
}

/** Whether no other process has taken an attempt over. That its words were taken away is one revision more. */
function isStill(
  { record: { incarnation, revision }, value: { isBlank } }: SideRecord<KeyedRequest>,
  now: KeyedRequest | undefined,
  record: SessionRecord | undefined,
): boolean {
  const marks = now?.isBlank === true && isBlank !== true ? 1 : 0
  return record?.incarnation === incarnation && record.revision === revision + marks
}

/** Forgets an attempt that has come to nothing, unless another process has taken it over: that one's answer counts. */
async function giveUp(service: Service, ref: SessionRef, claimed: SideRecord<KeyedRequest>): Promise<void> {
  let { incarnation, changes } = claimed.record
  for (let tries = 0; tries < maxTries; tries++) {
    if (await service.store.remove(ref, { incarnation, changes })) return
    // It has said that it lives, or its words were taken away.
    const now = await readSideRecord<KeyedRequest>(service, ref)
    if (now === undefined || !isStill(claimed, now.value, now.record)) return
    ;({ incarnation, changes } = now.record)
  }
}

/** A change to `next` that is made only while no other process has taken the attempt over. */
function whileAt({ incarnation, revision }: SessionRecord, next: KeyedRequest) {
  return (_: KeyedRequest | undefined, record: SessionRecord | undefined): KeyedRequest | undefined =>
    record?.incarnation === incarnation && record.revision === revision ? next : undefined
}
