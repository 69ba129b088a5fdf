import { createHmac, createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { isSessionError, SessionError } from '../../errors.js'
import { newId } from '../../ids.js'
import { processClock } from '../../time.js'
import { keyKind, recordKindOf, type SessionRef } from '../session-record.js'
import type { SessionStore } from '../session-store.js'
import { joined } from './envelope.js'
import { ExpiringCache } from './expiring-cache.js'
import { type KeyContext, type Keyring, unknownKey } from './keyring.js'
import { RecentTexts } from './recent-texts.js'
import { isOfOne, type UpkeepFailure, type UpkeepReport } from './upkeep-report.js'

/** How many bytes the id of a subject's key takes. */
export const keyIdBytes = 12

const secretBytes = 32
const maxKeys = 10_000
// Names and keys of key services are shorter by far.
const maxKeyIdLength = 1000
const maxWrappedBytes = 65_536

/** The key of a subject: of a user, or of what a tenant has beside its users. */
export interface SubjectKey {
  readonly id: string
  readonly secret: KeyObject
  /** When it is to be asked for again, by the clock of this process. */
  readonly until: number
}

/** Whose key is meant: a user's, or without one that of the tenant itself. */
export interface Subject {
  readonly tenantId: string
  readonly userId?: string | undefined
}

/** A key, and the record that has it wrapped. */
interface FoundKey {
  readonly key: SubjectKey
  readonly revision: number
  readonly incarnation: string
}

interface KeyRecord {
  readonly keyId: string
  readonly wrapped: string
}

/** The keys of all subjects: made when first needed, kept wrapped in a store, and in memory for a while. */
export class SubjectKeys {
  readonly #store: SessionStore
  readonly #keyring: Keyring
  readonly #idKey: KeyObject
  readonly #cacheMs: number
  readonly #cache = new ExpiringCache<SubjectKey>(maxKeys)
  readonly #ids = new RecentTexts()
  readonly #loading = new Map<string, Promise<SubjectKey | undefined>>()

  constructor(store: SessionStore, keyring: Keyring, indexKey: KeyObject, cacheMs: number) {
    this.#store = store
    this.#keyring = keyring
    this.#idKey = createSecretKey(Buffer.from(hkdfSync('sha256', indexKey, '', 'key ids', 32)))
    this.#cacheMs = cacheMs
  }

  /** The id of a subject's key, which names nobody to who has not the index key. */
  idOf({ tenantId, userId }: Subject): string {
    const place = `${userId === undefined ? '' : 'u'}${tenantId.length}:${tenantId}${userId ?? ''}`
    return this.#ids.of(place, () => {
      const subject = joined(ownTenant(tenantId), userId === undefined ? 'tenant' : 'user', userId ?? '')
      const digest = createHmac('sha256', this.#idKey).update(subject).digest('hex')
      return digest.slice(0, 2 * keyIdBytes)
    })
  }

  /** The key with this id, if it is in memory. */
  known(tenantId: string, id: string): SubjectKey | undefined {
    return this.#cache.get(cacheKey(tenantId, id))
  }

  /** The key with this id; undefined when there is none, or none any more. @throws `unknown_key`, `unavailable` */
  async find(tenantId: string, id: string): Promise<SubjectKey | undefined> {
    // It may be what somebody wrote in the place of one.
    if (!isKeyId(id)) return undefined
    return this.#once('find', tenantId, id, async () => (await this.#read(tenantId, id))?.key)
  }

  /** The key of a subject, made now if there is none. @throws `unknown_key`, `unavailable` */
  async ensure(subject: Subject): Promise<SubjectKey> {
    const { tenantId } = subject
    const id = this.idOf(subject)
    const found = await this.find(tenantId, id)
    if (found !== undefined) return found
    const made = await this.#once('make', tenantId, id, () => this.#make(tenantId, id))
    // It was destroyed as soon as it was made.
    return made ?? this.ensure(subject)
  }

  /** Destroys the key of a subject; false when there was none. */
  async destroy(subject: Subject): Promise<boolean> {
    const id = this.idOf(subject)
    const isRemoved = await this.#store.remove(keyRef(subject.tenantId, id))
    this.#cache.delete(cacheKey(subject.tenantId, id))
    return isRemoved
  }

  /** Wraps the keys of a page that the current key did not wrap. */
  async rewrap(tenantId: string, limit: number, cursor: string | undefined): Promise<UpkeepReport> {
    const start = cursor === undefined ? {} : { cursor }
    const page = await this.#store.list({ tenantId: keyTenant(tenantId), limit, ...start })
    let done = 0
    const failures: UpkeepFailure[] = []
    for (const { id, label } of page.items) {
      if (label === this.#keyring.current) continue
      let found: FoundKey | undefined
      try {
        found = await this.#read(tenantId, id)
      } catch (error) {
        if (!isOfOne(error)) throw error
        failures.push({ ...keyRef(tenantId, id), error })
      }
      if (found !== undefined && (await this.#rewrapOne(tenantId, id, found))) done++
    }
    return { done, failures, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) }
  }

  async #rewrapOne(tenantId: string, id: string, found: FoundKey): Promise<boolean> {
    const { key, revision, incarnation } = found
    try {
      const change = await this.#wrapped(tenantId, id, key.secret.export())
      await this.#store.commit(keyRef(tenantId, id), { revision, incarnation, ...change })
      return true
    } catch (error) {
      // Somebody else has wrapped it meanwhile, or it was destroyed.
      if (isSessionError(error, 'conflict') || isSessionError(error, 'not_found')) return false
      throw error
    }
  }

  async #make(tenantId: string, id: string): Promise<SubjectKey | undefined> {
    const secret = randomBytes(secretBytes)
    const change = await this.#wrapped(tenantId, id, secret)
    try {
      await this.#store.commit(keyRef(tenantId, id), { revision: 0, incarnation: newId(), ...change })
    } catch (error) {
      if (isSessionError(error, 'unknown_outcome')) {
        const found = await this.#read(tenantId, id)
        if (found !== undefined) return found.key
        throw new SessionError('unavailable', 'The key could not be stored.', { cause: error })
      }
      if (!isSessionError(error, 'conflict')) throw error
    }
    // What is stored is the key, whoever made it.
    return (await this.#read(tenantId, id, { body: change.body, secret }))?.key
  }

  /** @param made A record that was stored just now, and the key that it unwraps to: nobody is asked for it again. */
  async #read(
    tenantId: string,
    id: string,
    made?: { readonly body: string; readonly secret: Uint8Array },
  ): Promise<FoundKey | undefined> {
    const stored = await this.#store.read(keyRef(tenantId, id))
    if (stored === undefined) return undefined
    const isMade = stored.body === made?.body
    const secret = isMade ? made.secret : await this.#unwrapped(tenantId, id, parseRecord(stored.body))
    const key = { id, secret: createSecretKey(secret), until: processClock() + this.#cacheMs }
    return { key, revision: stored.record.revision, incarnation: stored.record.incarnation }
  }

  /** A key, wrapped. What does not unwrap to it again is stored nowhere: it would lose everything that is sealed with it. */
  async #wrapped(tenantId: string, id: string, secret: Uint8Array): Promise<{ body: string; label: string }> {
    const { keyId, wrapped } = await asked(async () =>
      checkWrapped(await this.#keyring.wrap(secret, contextOf(tenantId, id))),
    )
    const record: KeyRecord = { keyId, wrapped: Buffer.from(wrapped).toString('base64url') }
    if (Buffer.compare(await this.#unwrapped(tenantId, id, record), secret) !== 0) {
      throw new SessionError('unavailable', 'The key service wrapped something else than the key.')
    }
    return { body: JSON.stringify(record), label: keyId }
  }

  async #unwrapped(tenantId: string, id: string, { keyId, wrapped }: KeyRecord): Promise<Uint8Array> {
    const about = contextOf(tenantId, id)
    const secret: unknown = await asked(() =>
      this.#keyring.unwrap(keyId, Buffer.from(wrapped, 'base64url'), about),
    )
    if (secret instanceof Uint8Array && secret.length === secretBytes) return secret
    throw unknownKey('the keyring gave something else than a key')
  }

  /**
   * One call of a kind at a time for a key, whose result is kept: the key service is asked once by many requests. Whoever
   * makes a key is not answered by one who looks for it: two of them could wait for each other's answers for ever.
   */
  #once(
    kind: 'find' | 'make',
    tenantId: string,
    id: string,
    load: () => Promise<SubjectKey | undefined>,
  ): Promise<SubjectKey | undefined> {
    const key = cacheKey(tenantId, id)
    const known = this.#cache.get(key)
    if (known !== undefined) return Promise.resolve(known)
    const loadingKey = `${kind} ${key}`
    const loading = this.#loading.get(loadingKey)
    if (loading !== undefined) return loading
    const begun = load()
      .then((found) => {
        if (found !== undefined) this.#cache.set(key, found)
        return found
      })
      .finally(() => this.#loading.delete(loadingKey))
    this.#loading.set(loadingKey, begun)
    return begun
  }
}

function isKeyId(id: string): boolean {
  return /^[0-9a-f]{24}$/.test(id)
}

/** The tenant of an application that a record belongs to: the library keeps some beside the tenant's own sessions. */
function ownTenant(tenantId: string): string {
  const kind = recordKindOf(tenantId)
  return kind === '' ? tenantId : tenantId.slice(kind.length + 1)
}

function keyTenant(tenantId: string): string {
  return `${keyKind}:${ownTenant(tenantId)}`
}

function keyRef(tenantId: string, id: string): SessionRef {
  return { tenantId: keyTenant(tenantId), id }
}

function cacheKey(tenantId: string, id: string): string {
  return `${id}${ownTenant(tenantId)}`
}

function contextOf(tenantId: string, id: string): KeyContext {
  return { purpose: 'sessions', tenantId: ownTenant(tenantId), subject: id }
}

function parseRecord(body: string): KeyRecord {
  try {
    const { keyId, wrapped } = JSON.parse(body) as Partial<KeyRecord>
    if (typeof keyId === 'string' && typeof wrapped === 'string') return { keyId, wrapped }
  } catch {
    // Below.
  }
  throw unknownKey('the record of the key cannot be read')
}

/** @throws `TypeError` for what is no wrapped key. */
function checkWrapped(given: unknown): { readonly keyId: string; readonly wrapped: Uint8Array } {
  const { keyId, wrapped } = (given ?? {}) as { readonly keyId?: unknown; readonly wrapped?: unknown }
  const isNamed = typeof keyId === 'string' && keyId !== '' && keyId.length <= maxKeyIdLength
  if (isNamed && wrapped instanceof Uint8Array && wrapped.length > 0 && wrapped.length <= maxWrappedBytes) {
    return { keyId, wrapped }
  }
  throw new TypeError('wrap gave no keyId, or no wrapped key as bytes')
}

/** What the keyring answers; whatever else it throws, the key service is away. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isSessionError(error, 'unknown_key') || isSessionError(error, 'unavailable')) throw error
    throw new SessionError('unavailable', 'The key service failed.', { cause: error })
  }
}
