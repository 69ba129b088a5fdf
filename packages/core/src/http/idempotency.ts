import { digestOf } from '../digest.js'
import { isSessionError, SessionError } from '../errors.js'
import { fromBase64Url, newId, toBase64Url } from '../ids.js'
import { sideRecordTenant } from '../service/side-records.js'
import type { Service } from '../service/service.js'
import { readStoreTime } from '../service/store-time.js'
import type { SessionRef } from '../contract/session-record.js'
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
  readonly answer?: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly sealed?: string
    readonly body: string
    readonly isSealed?: boolean
  }
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
const keptHeaders = ['content-type', 'etag', 'location']
const sealedHeaders = ['set-cookie', 'x-session-id']

/**
 * Executes a request, or gives the answer that it got before.
 *
 * @throws `key_reused` for another request under the same key; `request_in_progress` when the first one takes long.
 */
export async function executeOnce(options: ExecuteOnceOptions): Promise<Response> {
  const { service, tenantId, scope, keepMs, execute, key, isSecret = false } = options
  const ref = { tenantId: sideRecordTenant('requests', tenantId), id: await digestOf(scope) }
  // Keyed where it is secret, for what is short could be tried on a plain digest.
  const content = isSecret ? await keyedDigest(options.content, key) : await digestOf(options.content)
  const claimed = await claim(service, ref, content, { idleMs: keepMs, ...options.about }, options.refusal)
  if (claimed.entry.answer !== undefined) return replay(claimed.entry.answer, key)

  const { entry } = claimed
  const alive = setInterval(() => {
    service.store.commit(ref, { idleMs: keepMs }).catch(() => {})
  }, leaseMs / 4)
  try {
    const response = await execute(entry.seed, claimed.revision > 1)
    if (response.status >= 400) {
      // Nothing has happened, so nothing has to be known of it: the next try may find it otherwise.
      await service.store.remove(ref)
      return response
    }
    const body = await response.text()
    const answer = {
      status: response.status,
      ...(await kept(response.headers, key)),
      body: isSecret ? await seal(body, key) : body,
      ...(isSecret ? { isSealed: true } : {}),
    }
    const done = JSON.stringify({ ...entry, answer })
    await keep(service, ref, {
      revision: claimed.revision,
      body: done.length <= maxKeptLength ? done : JSON.stringify({ ...entry, isDone: true }),
      keepMs,
    })
    return new Response(body, { status: response.status, headers: response.headers })
  } catch (error) {
    await service.store.remove(ref).catch(() => {})
    throw error
  } finally {
    clearInterval(alive)
  }
}

/** Makes the attempt ours, or waits for the answer of whoever has it. */
async function claim(
  service: Service,
  ref: SessionRef,
  content: string,
  record: { readonly idleMs: number; readonly userId?: string; readonly label?: string },
  refusal: unknown,
): Promise<{ entry: Entry; revision: number }> {
  const deadline = performance.now() + waitMs
  let checkAt = 0
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, longestPollMs)) {
    const stored = await service.store.read(ref)
    if (stored === undefined) {
      if (refusal !== undefined) throw refusal
      const entry: Entry = { content, seed: newId() }
      if (await tried(service, ref, { revision: 0, body: JSON.stringify(entry), ...record })) {
        return { entry, revision: 1 }
      }
      continue
    }
    const entry = JSON.parse(stored.body) as Entry
    if (entry.content !== content) {
      throw new SessionError('key_reused', 'This Idempotency-Key was used for another request.', {
        path: 'Idempotency-Key',
      })
    }
    const { revision, updatedAt } = stored.record
    if (entry.answer !== undefined || entry.isDone === true) return { entry, revision }
    if (performance.now() >= checkAt) {
      if ((await readStoreTime(service.store, ref.tenantId)) - updatedAt >= leaseMs) {
        // Whoever had it is gone. Ours now, unless somebody else thinks the same; the seed stays, so ids do too.
        const taken = await tried(service, ref, { revision, body: stored.body, idleMs: record.idleMs })
        if (taken) return { entry, revision: revision + 1 }
        continue
      }
      checkAt = performance.now() + checkMs
    }
    if (performance.now() >= deadline) {
      throw new RequestError('request_in_progress', 'The same request is still being worked on.')
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

async function tried(
  service: Service,
  ref: SessionRef,
  change: { revision: number; body: string; idleMs: number },
): Promise<boolean> {
  try {
    await service.store.commit(ref, change)
    return true
  } catch (error) {
    if (isSessionError(error, 'conflict') || isSessionError(error, 'not_found')) return false
    // Not known to be ours: then it counts as somebody's who died, and is taken over in its time.
    if (isSessionError(error, 'unknown_outcome')) return false
    throw error
  }
}

async function keep(
  service: Service,
  ref: SessionRef,
  { revision, body, keepMs }: { revision: number; body: string; keepMs: number },
): Promise<void> {
  try {
    await service.store.commit(ref, { revision, body, idleMs: keepMs })
  } catch {
    // The request has happened, and its caller is to hear of it. A repeat executes it again with the same seed.
  }
}

async function kept(headers: Headers, key: string) {
  const plain: [string, string][] = []
  for (const name of keptHeaders) {
    const value = headers.get(name)
    if (value !== null) plain.push([name, value])
  }
  const secret = [...headers].filter(([name]) => sealedHeaders.includes(name))
  return {
    headers: plain,
    ...(secret.length === 0 ? {} : { sealed: await seal(JSON.stringify(secret), key) }),
  }
}

async function replay(answer: NonNullable<Entry['answer']>, key: string): Promise<Response> {
  const headers = new Headers([...answer.headers] as [string, string][])
  const secret =
    answer.sealed === undefined ? [] : (JSON.parse(await unseal(answer.sealed, key)) as string[][])
  for (const [name, value] of secret) headers.append(name!, value!)
  headers.set('Idempotency-Replayed', 'true')
  const body = answer.isSealed === true ? await unseal(answer.body, key) : answer.body
  return new Response(body, { status: answer.status, headers })
}

// A store must not hold what opens a session. The key is not in it, so who reads the store cannot open these.
async function sealingKey(key: string) {
  const bytes = new TextEncoder().encode(`@sessions idempotency ${key}`)
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return crypto.subtle.importKey('raw', digest, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

async function keyedDigest(text: string, key: string): Promise<string> {
  return digestOf(`@sessions request ${await digestOf(`@sessions request key ${key}`)} ${text}`)
}

async function seal(text: string, key: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    await sealingKey(key),
    new TextEncoder().encode(text),
  )
  return `${toBase64Url(iv)}.${toBase64Url(new Uint8Array(sealed))}`
}

async function unseal(sealed: string, key: string): Promise<string> {
  const [iv, data] = sealed.split('.').map((part) => fromBase64Url(part)!)
  const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: iv! }, await sealingKey(key), data!)
  return new TextDecoder().decode(text)
}
