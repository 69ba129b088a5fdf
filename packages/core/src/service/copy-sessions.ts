import { atOnce, telling } from '../async/calling.js'
import { isSessionError, SessionError } from '../errors.js'
import { keyKind, recordKindOf, type SessionRecord, type SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import { inParallel } from '../async/in-parallel.js'
import { checkOptions } from '../options.js'
import { pause } from '../async/slices.js'
import { eachTenant, type Tenants } from './each-tenant.js'
import { recordTenantsOf } from './record-tenants.js'
import { repeatUnknown } from './unknown-outcome.js'

/** Which sessions are copied. */
export interface CopySessionsOptions {
  /** Whose sessions are copied: a store lists one tenant at a time. */
  tenants: Tenants
  /**
   * Says of which sessions there is to be a copy (default: of all). With a filter the records that the library keeps
   * beside sessions (turns that run, answers to keyed requests, open transfers, budgets, and the keys of an encrypted
   * store that stands over the two) stay where they are.
   */
  filter?: (record: SessionRecord) => boolean
  /**
   * Told after each page of a tenant's sessions how far the copy is (default: nobody is told). Not waited for; what it
   * throws is printed, and the copy goes on.
   */
  onProgress?: (progress: CopyProgress) => void
  /** Ends the copy between two sessions; it rejects with the signal's reason (default: none). */
  signal?: AbortSignal
}

/** How far a copy is. Counts are of all tenants so far. */
export interface CopyProgress {
  /** The tenant that is being copied. */
  readonly tenantId: string
  /** 1 for the first look at this tenant; later looks find what changed meanwhile. */
  readonly look: number
  /** Sessions and side records that were copied, each as often as it was. */
  readonly copied: number
  /** Those that were there already, just so. */
  readonly unchanged: number
  /** Messages that were copied. */
  readonly messages: number
}

/** What a copy has come to. */
export interface CopyReport extends Pick<CopyProgress, 'copied' | 'unchanged' | 'messages'> {
  /**
   * Whether the last look at every tenant found each of its sessions in the other store as it is in this one, and no
   * other session there. False while sessions are written, removed or evicted during the copy: copy again.
   */
  readonly complete: boolean
  /** Where the other store has a newer session, or another one: it stays. At most 100 of them are named. */
  readonly conflicts: readonly SessionRef[]
  /** What could not be read, or is refused by the other store. At most 100 of them are named. */
  readonly failures: readonly CopyFailure[]
  /** What the other store has and this one has not, such as what was removed during the copy. At most 100 are named. */
  readonly extra: readonly SessionRef[]
}

/** A session that could not be copied, and why. */
export interface CopyFailure extends SessionRef {
  /** Why it was not copied. */
  readonly error: SessionError
}

const pageSize = 100
// So many pages of messages are in memory at once, at most.
const concurrency = 4
const maxLooks = 5
const maxTries = 5
const maxNamed = 100

type Outcome = 'copied' | 'unchanged' | 'conflict' | 'gone'

/**
 * Copies sessions from any store to any other, with every count, time and id: the way from memory to Redis to Postgres,
 * and back. What is in the other store already is not copied again, so a copy that was cut off goes on when it is
 * called again. Nothing of a session is visible there before all of it is.
 *
 * Each tenant is looked at until a look finds nothing new, up to five times. Sessions that are written meanwhile are
 * found by the next look; for a move, stop writing first. Deadlines stay the moments that they are, so the clocks of
 * both stores have to agree to a second.
 *
 * @throws `unavailable` and other outages of either store; the reason of `signal`; `invalid` for unknown options.
 *
 * @example
 * ```ts
 * import { copySessions } from '@sessions/core'
 * import { postgresStore } from '@sessions/store-postgres'
 * import { redisStore } from '@sessions/store-redis'
 * import { createRedisClient } from '@sessions/store-redis/client'
 *
 * const from = redisStore(createRedisClient('redis://localhost:6379'))
 * const to = postgresStore('postgres://localhost/app')
 * const { complete, copied } = await copySessions(from, to, { tenants: ['acme', 'globex'] })
 * console.log(complete ? `${copied} copied` : 'call it again')
 * ```
 */
export async function copySessions(
  from: SessionStore,
  to: SessionStore,
  options: CopySessionsOptions,
): Promise<CopyReport> {
  checkOptions<CopySessionsOptions>(options, {
    tenants: true,
    filter: 'function',
    onProgress: 'function',
    signal: 'signal',
  })
  // Who gives no options hears that the tenants are missing.
  const given: Partial<CopySessionsOptions> | undefined = options
  const copy = new Copy(from, to, given ?? {})
  for await (const tenantId of eachTenant(given?.tenants as Tenants)) {
    await copy.tenant(tenantId)
    if (options.filter !== undefined) continue
    for (const beside of recordTenantsOf(tenantId)) {
      if (recordKindOf(beside) !== keyKind || (await showsKeys(from, to, beside))) await copy.tenant(beside)
    }
  }
  return copy.report()
}

/**
 * Whether two stores show where an encrypted store over them keeps its keys: without the keys nobody could read the copies.
 * An encrypted store shows them to nobody, and makes keys of its own for what is copied to it.
 */
async function showsKeys(from: SessionStore, to: SessionStore, tenantId: string): Promise<boolean> {
  for (const store of [from, to]) {
    try {
      await store.list({ tenantId, limit: 1 })
    } catch (error) {
      if (isSessionError(error, 'invalid')) return false
      throw error
    }
  }
  return true
}

class Copy {
  readonly #from: SessionStore
  readonly #to: SessionStore
  readonly #options: Omit<CopySessionsOptions, 'tenants'>
  readonly #tell: (progress: CopyProgress) => void
  readonly #counts = { copied: 0, unchanged: 0, messages: 0 }
  readonly #conflicts = new Map<string, SessionRef>()
  readonly #failures = new Map<string, CopyFailure>()
  readonly #extra = new Map<string, SessionRef>()
  #isComplete = true

  constructor(from: SessionStore, to: SessionStore, options: Omit<CopySessionsOptions, 'tenants'>) {
    this.#from = from
    this.#to = to
    this.#options = options
    this.#tell = telling('onProgress', options.onProgress ?? (() => {}))
  }

  async tenant(tenantId: string): Promise<void> {
    let isDone = false
    for (let look = 1; !isDone && look <= maxLooks; look++) isDone = await this.#look(tenantId, look)
    const hasMore = this.#options.filter === undefined && (await this.#hasMore(tenantId))
    if (!isDone || hasMore) this.#isComplete = false
  }

  report(): CopyReport {
    const [conflicts, failures, extra] = [this.#conflicts, this.#failures, this.#extra].map((named) => [
      ...named.values(),
    ]) as [SessionRef[], CopyFailure[], SessionRef[]]
    const complete = this.#isComplete && conflicts.length === 0 && failures.length === 0
    return { ...this.#counts, complete, conflicts, failures, extra }
  }

  /** Copies what differs; true when nothing did. */
  async #look(tenantId: string, look: number): Promise<boolean> {
    const isWanted = atOnce('filter', this.#options.filter ?? (() => true))
    const { copied } = this.#counts
    for await (const records of pagesOf(this.#from, tenantId)) {
      await inParallel(
        records.filter((record) => isWanted(record)),
        concurrency,
        (record) => this.#one(record, look),
      )
      this.#tell({ tenantId, look, ...this.#counts })
    }
    return this.#counts.copied === copied
  }

  async #one({ tenantId, id }: SessionRecord, look: number): Promise<void> {
    this.#options.signal?.throwIfAborted()
    const ref = { tenantId, id }
    try {
      const outcome = await this.#copied(ref)
      if (outcome === 'copied') this.#counts.copied++
      else if (outcome === 'unchanged' && look === 1) this.#counts.unchanged++
      else if (outcome === 'conflict') name(this.#conflicts, ref, ref)
    } catch (error) {
      if (!isSessionError(error) || !isOfOne(error)) throw error
      name(this.#failures, ref, { ...ref, error })
    }
  }

  async #copied(ref: SessionRef): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      const stored = await this.#from.read(ref)
      if (stored === undefined) return 'gone'
      const { record } = stored
      const there = (await this.#to.read(ref))?.record
      if (there?.incarnation === record.incarnation && there.changes === record.changes) return 'unchanged'
      try {
        if (await this.#parts(ref, stored)) return 'copied'
      } catch (error) {
        if (isSessionError(error, 'not_found')) return 'gone'
        if (!isSessionError(error, 'conflict')) throw error
        // With a revision, of what is there; without one, a part has got lost, and the copy begins anew.
        if (error.revision !== undefined) return 'conflict'
        if (tries === maxTries) throw error
      }
      if (tries === maxTries) {
        throw new SessionError('unavailable', 'The session is written all the time: copy it later.')
      }
    }
  }

  /** Copies a session as it was read; false when it has changed meanwhile, and then nothing of it is visible. */
  async #parts(ref: SessionRef, { record, body }: { record: SessionRecord; body: string }): Promise<boolean> {
    const { lastSeq, trimmedSeq } = record
    let count = 0
    for (let after = trimmedSeq; ;) {
      await pause()
      const range = { after, before: lastSeq + 1, limit: 1000 }
      const { messages } = after < lastSeq ? await this.#from.messages(ref, range) : { messages: [] }
      after = messages.at(-1)?.seq ?? lastSeq
      count += messages.length
      const more = after < lastSeq
      if (!more) {
        const now = (await this.#from.read(ref))?.record
        if (now?.incarnation !== record.incarnation || now.changes !== record.changes) return false
      }
      await repeatUnknown(() => this.#to.restore(ref, { record, body, messages, more }))
      if (more) continue
      this.#counts.messages += count
      return true
    }
  }

  /** Whether the other store has sessions of a tenant that this one has not. */
  async #hasMore(tenantId: string): Promise<boolean> {
    let hasMore = false
    for await (const records of pagesOf(this.#to, tenantId)) {
      await inParallel(records, concurrency, async (record) => {
        this.#options.signal?.throwIfAborted()
        const ref = { tenantId, id: record.id }
        if (await this.#isThere(ref)) return
        hasMore = true
        name(this.#extra, ref, ref)
      })
    }
    return hasMore
  }

  /** What cannot be read is there. */
  async #isThere(ref: SessionRef): Promise<boolean> {
    try {
      return (await this.#from.read(ref)) !== undefined
    } catch (error) {
      if (isSessionError(error) && isOfOne(error)) return true
      throw error
    }
  }
}

/** Whether an error is about one session, and no reason to leave the others where they are. */
function isOfOne(error: SessionError): boolean {
  return (['corrupt', 'unknown_key', 'invalid', 'conflict', 'too_large', 'store_failed'] as const).some(
    (code) => error.code === code,
  )
}

function name<Named>(all: Map<string, Named>, { tenantId, id }: SessionRef, named: Named): void {
  const key = JSON.stringify([tenantId, id])
  if (all.size < maxNamed || all.has(key)) all.set(key, named)
}

async function* pagesOf(store: SessionStore, tenantId: string): AsyncGenerator<readonly SessionRecord[]> {
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ tenantId, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    yield page.items
    if (page.cursor === undefined) return
    cursor = page.cursor
  }
}
