import { hkdfSync } from 'node:crypto'
import type { SessionStore } from '@sessions/core'
import { encryptedStore, sealedTerms, staticKeyring } from '@sessions/core/sealed'
import type { TermSeal } from '@sessions/core/search'

type Env = Readonly<Record<string, string | undefined>>

/** What keeps content from those who read a database. */
export interface Sealing {
  readonly store: (store: SessionStore) => SessionStore
  /** What stands for the words of an index; absent where they are kept as they are. */
  readonly terms?: TermSeal
}

/**
 * What seals a store, and the words of an index of it, with the keys at `SESSIONS_KEY` and `SESSIONS_INDEX_KEY`, each of 32 bytes in base64. Where there
 * are none, stores stay as they are.
 *
 * @throws when one of the two is missing, or has not 32 bytes.
 */
export function sealingFrom(env: Env): Sealing {
  if (!env['SESSIONS_KEY'] && !env['SESSIONS_INDEX_KEY']) return { store: (store) => store }
  const keyring = staticKeyring({ current: 'app', keys: { app: keyOf(env, 'SESSIONS_KEY') } })
  const indexKey = keyOf(env, 'SESSIONS_INDEX_KEY')
  const termsKey = new Uint8Array(hkdfSync('sha256', indexKey, '', 'terms of the search', 32))
  return { store: (store) => encryptedStore(store, { keyring, indexKey }), terms: sealedTerms(termsKey) }
}

function keyOf(env: Env, name: string): Uint8Array {
  const key = Buffer.from(env[name] ?? '', 'base64')
  if (key.length === 32) return key
  throw new Error(`${name} must be 32 bytes in base64, such as: openssl rand -base64 32`)
}
