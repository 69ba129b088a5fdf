import { SessionError } from '../../errors.js'
import { checkOptions } from '../../options.js'
import {
  checkChange,
  checkCopy,
  checkMessageQuery,
  checkSessionQuery,
  checkWhole,
} from '../check-arguments.js'
import type { SessionRef } from '../session-record.js'
import type {
  Amendment,
  NewMessage,
  SessionChange,
  SessionCopy,
  SessionGuard,
  SessionStore,
} from '../session-store.js'
import { checkedPage, checkedRef, checkedSession, checkedUser, checkTenant } from './checked.js'
import { checkKeyring, type Keyring, toSecret } from './keyring.js'
import { isEncrypting } from '../stores-beneath.js'
import { listOfUser } from './list-of-user.js'
import { sealedCount } from './payload-bytes.js'
import { SealedAmends } from './sealed-amends.js'
import { SealedCommits } from './sealed-commits.js'
import { SealedReads } from './sealed-reads.js'
import { maxKeys } from './session-seal.js'
import { type IntegrityProblem, Sealing } from './sealing.js'
import { SubjectKeys } from './subject-keys.js'
import { Upkeep } from './upkeep.js'
import type { EncryptedStore } from './upkeep-report.js'
import { UserSeal } from './user-seal.js'

/** What an `encryptedStore` works with. */
export interface EncryptedStoreOptions {
  /** Wraps the keys that texts are sealed with: `staticKeyring`, or one over a key service. */
  keyring: Keyring
  /**
   * 32 random bytes that ids of users are sealed with, so that a store finds the sessions of a user. They stay the same
   * for as long as there are sessions: there is no rotation of this key.
   */
  indexKey: Uint8Array
  /**
   * Where the wrapped keys are kept (default: in the store itself). In a database with backups of its own, which are
   * short, a key that is destroyed makes every backup of the sessions unreadable.
   */
  keys?: SessionStore
  /**
   * `require`: what is not sealed is `corrupt`. `migrate`: it is read as it is, and sealed when its session is written or
   * by `encryptExisting` (default `require`).
   */
  mode?: 'require' | 'migrate'
  /** How long keys stay in memory, in milliseconds (default 5 minutes). Then the keyring is asked again. */
  cacheMs?: number
  /** Told of each part of a session that cannot be opened (default: nobody is told). */
  onIntegrity?: (problem: IntegrityProblem) => void
}

/**
 * A store in front of another one that seals what people say: payloads, bodies and titles by AES-256-GCM, ids of users
 * in a form that the store can still compare. Each user has a key, which `keyring` wraps; each session has keys that are
 * derived from it. Labels, ids of sessions and messages, times and counts stay as they are.
 *
 * A payload that was changed, cut off or moved is empty to the caller, and `onIntegrity` is told; a body is `corrupt`.
 * When the key service is away, calls reject with `unavailable`; nothing is ever stored or returned unsealed.
 *
 * @throws `invalid` for options that it does not know, a `keyring` that cannot wrap, an `indexKey` of another size, or an
 * encrypted store as the place of its keys.
 *
 * @example
 * ```ts
 * import { createSessions, memoryStore } from '@sessions/core'
 * import { encryptedStore, staticKeyring } from '@sessions/core/sealed'
 *
 * const keyOf = (name: string) => Buffer.from(process.env[name] ?? '', 'base64')
 * const store = encryptedStore(memoryStore(), {
 *   keyring: staticKeyring({ current: '2026-11', keys: { '2026-11': keyOf('SESSIONS_KEY') } }),
 *   indexKey: keyOf('SESSIONS_INDEX_KEY'),
 * })
 * const sessions = createSessions({ store })
 * ```
 */
export function encryptedStore(store: SessionStore, options: EncryptedStoreOptions): EncryptedStore {
  checkOptions<EncryptedStoreOptions>(options ?? null, {
    keyring: 'object',
    indexKey: true,
    keys: 'object',
    mode: ['require', 'migrate'],
    cacheMs: 'number',
    onIntegrity: 'function',
  })
  for (const [path, given] of Object.entries({ store, keys: options.keys ?? store })) {
    if (typeof given?.read !== 'function')
      throw new SessionError('invalid', `${path} must be a store`, { path })
  }
  checkKeyring(options.keyring)
  if (isEncrypting(options.keys ?? store)) {
    const path = options.keys === undefined ? 'store' : 'keys'
    throw new SessionError('invalid', `${path} is encrypted, and takes no keys of another encryptedStore`, {
      path,
    })
  }
  const { keyring, keys: keyStore = store, mode = 'require', cacheMs = 300_000, onIntegrity } = options
  checkWhole(cacheMs, 'cacheMs', 0)
  const indexKey = toSecret(options.indexKey, 'indexKey')
  const isMigrating = mode === 'migrate'
  const keys = new SubjectKeys(keyStore, keyring, indexKey, cacheMs)
  const users = new UserSeal(indexKey)
  const sealing = new Sealing(keys, users, isMigrating, cacheMs, onIntegrity)
  const reads = new SealedReads(store, sealing)
  const look = async (ref: SessionRef) => {
    const known = await reads.lookAtKeys(ref)
    if (known === undefined || known.keyIds.length > 0) return known
    await upkeep.sealPlain(ref)
    return reads.lookAtKeys(ref)
  }
  const commits = new SealedCommits(store, sealing, look)
  const amends = new SealedAmends(store, sealing, look)

  async function restore(ref: SessionRef, copy: SessionCopy, earlierKeys: readonly string[]): Promise<void> {
    const { userId, title, ...counts } = copy.record
    const { tenantId } = ref
    const key = await keys.ensure({ tenantId, userId: userId || undefined })
    const keyIds = [key.id, ...earlierKeys.filter((id) => id !== key.id)].slice(0, maxKeys)
    const seal = sealing.sealOf(ref, counts.incarnation)
    await store.restore(ref, {
      ...copy,
      record: {
        ...counts,
        bytes: sealedCount(counts),
        ...(userId === undefined ? {} : { userId: users.seal(tenantId, userId) }),
        ...(title === undefined ? {} : { title: title && seal.sealTitle(key, title) }),
      },
      body: seal.sealBody(key, keyIds, counts.revision, copy.body),
      messages: await sealing.sealMessages(seal, key, copy.messages),
    })
    sealing.forget(ref)
  }

  const sealed: SessionStore = {
    async read(at, options = {}) {
      const ref = checkedRef(at)
      return reads.read(ref, { ...options })
    },

    async commit(at, change) {
      const ref = checkedRef(at)
      checkChange(change)
      return commits.commit(ref, copyOfChange(change))
    },

    async messages(at, query) {
      const ref = checkedRef(at)
      checkMessageQuery(query)
      const { messages, more, lost } = await reads.page(ref, { ...query })
      sealing.report(lost)
      return { messages, more }
    },

    async amend(at, amendments, guard) {
      const ref = checkedRef(at)
      return amends.amend(ref, copyOfAmendments(amendments), copyOfGuard(guard))
    },

    async trim(ref, throughSeq, guard) {
      return store.trim(checkedRef(ref), throughSeq, guard)
    },

    async remove(at, guard) {
      const ref = checkedRef(at)
      sealing.forget(ref)
      return store.remove(ref, guard)
    },

    async list(asked) {
      checkSessionQuery(asked)
      checkTenant(asked.tenantId)
      const { userId, ...query } = {
        ...asked,
        ...(asked.after === undefined ? {} : { after: { ...asked.after } }),
      }
      const { tenantId } = query
      const page =
        userId === undefined
          ? await store.list(query)
          : isMigrating
            ? await listOfUser(store, query, [users.seal(tenantId, userId), userId])
            : await store.list({ ...query, userId: users.seal(tenantId, userId) })
      return { ...page, items: await reads.openListed(page.items) }
    },

    async sweep(options) {
      return store.sweep(options)
    },

    async restore(at, asked) {
      const ref = checkedRef(at)
      checkCopy(asked)
      await restore(ref, copyOfCopy(asked), [])
    },
  }
  const upkeep = new Upkeep(store, sealing, reads, restore)

  return {
    ...sealed,
    async check(timeoutMs) {
      const stores = [...new Set([store, keyStore])]
      return (await Promise.all(stores.map(async (each) => (await each.check?.(timeoutMs)) ?? []))).flat()
    },
    async rewrapKeys(page) {
      const { tenantId, limit, cursor } = checkedPage(page)
      return keys.rewrap(tenantId, limit, cursor)
    },
    async encryptExisting(asked) {
      const page = checkedPage(asked)
      if (!isMigrating) throw new SessionError('invalid', 'mode must be migrate', { path: 'mode' })
      return upkeep.sealPage(page)
    },
    async rekey(ref) {
      return upkeep.rekey(checkedSession(ref))
    },
    async destroyKey(user) {
      return sealing.destroyKey(checkedUser(user))
    },
  }
}

// The caller may change what it handed in while keys are asked for.

function copyOfChange(change: SessionChange): SessionChange {
  const copy = { ...change }
  if (copy.messages !== undefined) copy.messages = copy.messages.map(copyOfMessage)
  if (copy.lifetime !== undefined) copy.lifetime = { ...copy.lifetime }
  return copy
}

function copyOfMessage({ id, payload }: NewMessage): NewMessage {
  return { id, payload }
}

function copyOfAmendments(amendments: readonly Amendment[]): readonly Amendment[] {
  return amendments.map(({ seq, payload }) => ({ seq, payload }))
}

function copyOfGuard(guard: SessionGuard = {}): SessionGuard {
  return { ...guard }
}

function copyOfCopy({ record, body, messages, more = false }: SessionCopy): Required<SessionCopy> {
  const { lifetime } = record
  return {
    record: { ...record, ...(lifetime === undefined ? {} : { lifetime: { ...lifetime } }) },
    body,
    messages: messages.map(({ seq, id, at, payload }) => ({ seq, id, at, payload })),
    more,
  }
}
