import {
  encryptedStore,
  type EncryptedStoreOptions,
  type IntegrityProblem,
  type Keyring,
  staticKeyring,
} from '../../../src/sealed.js'
import type { SessionCopy, SessionRef, SessionStore } from '../../../src/store.js'

/** Another key of 32 bytes for each name. */
export const key = (name: string): Buffer => Buffer.alloc(32, name)

export const ring = (current: string, ...others: string[]): Keyring =>
  staticKeyring({ current, keys: Object.fromEntries([current, ...others].map((id) => [id, key(id)])) })

/** A sealed store, as one process has it. */
export const sealed = (store: SessionStore, options: Partial<EncryptedStoreOptions> = {}) =>
  encryptedStore(store, { keyring: ring('2026'), indexKey: key('index'), ...options })

/** A sealed store that says what it could not open. */
export function watched(store: SessionStore, options: Partial<EncryptedStoreOptions> = {}) {
  const problems: IntegrityProblem[] = []
  return { store: sealed(store, { onIntegrity: (problem) => problems.push(problem), ...options }), problems }
}

/** What the store beneath holds of a session. */
export async function rawOf(store: SessionStore, ref: SessionRef): Promise<SessionCopy> {
  return (await store.read(ref, { tail: 1000 }))!
}

/** Changes what the store beneath holds, as somebody who can write to the database might. */
export async function tamper(
  store: SessionStore,
  ref: SessionRef,
  change: (raw: SessionCopy) => Omit<SessionCopy, 'record'> & { record: Partial<SessionCopy['record']> },
): Promise<void> {
  const raw = await rawOf(store, ref)
  const { record, ...rest } = change(raw)
  await store.restore(ref, { ...rest, record: { ...raw.record, ...record, changes: raw.record.changes + 1 } })
}

/** Everything that a store holds of these tenants, as text. */
export async function dumpOf(store: SessionStore, tenants: readonly string[]): Promise<string> {
  const all: unknown[] = []
  for (const tenantId of tenants) {
    for (const { id } of (await store.list({ tenantId, limit: 1000 })).items) {
      all.push(await rawOf(store, { tenantId, id }))
    }
  }
  return JSON.stringify(all)
}
