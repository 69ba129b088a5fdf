import { encryptedStore, type EncryptedStoreOptions, staticKeyring } from '../../../src/sealed.js'
import type { SessionStore } from '../../../src/store.js'

/** Another key of 32 bytes for each name. */
export const key = (name: string): Uint8Array => Buffer.alloc(32, name)

export const ring = (current: string, ...others: string[]) =>
  staticKeyring({ current, keys: Object.fromEntries([current, ...others].map((id) => [id, key(id)])) })

/** A sealed store, as one process has it. */
export const sealed = (store: SessionStore, options: Partial<EncryptedStoreOptions> = {}) =>
  encryptedStore(store, { keyring: ring('2026'), indexKey: key('index'), ...options })
