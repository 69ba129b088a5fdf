import type { SessionStore } from '@sessions/core'
import { encryptedStore, staticKeyring } from '@sessions/core/sealed'

type Env = Readonly<Record<string, string | undefined>>

/**
 * What seals a store with the keys at `SESSIONS_KEY` and `SESSIONS_INDEX_KEY`, each of 32 bytes in base64. Where there
 * are none, stores stay as they are.
 *
 * @throws when one of the two is missing, or has not 32 bytes.
 */
export function sealingFrom(env: Env): (store: SessionStore) => SessionStore {
  if (!env['SESSIONS_KEY'] && !env['SESSIONS_INDEX_KEY']) return (store) => store
  const keyring = staticKeyring({ current: 'app', keys: { app: keyOf(env, 'SESSIONS_KEY') } })
  const indexKey = keyOf(env, 'SESSIONS_INDEX_KEY')
  return (store) => encryptedStore(store, { keyring, indexKey })
}

function keyOf(env: Env, name: string): Uint8Array {
  const key = Buffer.from(env[name] ?? '', 'base64')
  if (key.length === 32) return key
  throw new Error(`${name} must be 32 bytes in base64, such as: openssl rand -base64 32`)
}
