import { createHmac } from 'node:crypto'
import type { TermSeal } from '../term-seal.js'
import { toSecret } from './keyring.js'

// 72 bits: two of some million terms are the same with a chance of one in a hundred million.
const sealedLength = 12
const maxKnown = 50_000

/**
 * Digests in place of the terms that an index of the search keeps: 12 characters each, of HMAC-SHA-256, another one for the
 * same term of another tenant. Whoever reads the index sees which messages share words, and how often, but no word.
 *
 * @param key 32 random bytes, the same in all processes. With another key sweeps make the index anew.
 * @throws `invalid` for a key of another size.
 *
 * @example
 * ```ts
 * import { createSessions, memoryStore } from '@sessions/core'
 * import { encryptedStore, sealedTerms, staticKeyring } from '@sessions/core/sealed'
 * import { createPostgresPool, postgresSearch } from '@sessions/store-postgres'
 *
 * const keyOf = (name: string) => Buffer.from(process.env[name] ?? '', 'base64')
 * const sessions = createSessions({
 *   store: encryptedStore(memoryStore(), {
 *     keyring: staticKeyring({ current: '2026-11', keys: { '2026-11': keyOf('SESSIONS_KEY') } }),
 *     indexKey: keyOf('SESSIONS_INDEX_KEY'),
 *   }),
 *   credentialSecrets: [process.env['SESSION_SECRET']!],
 *   search: {
 *     index: postgresSearch(createPostgresPool('postgres://localhost/app')),
 *     terms: sealedTerms(keyOf('SESSIONS_TERMS_KEY')),
 *   },
 * })
 * ```
 */
export function sealedTerms(key: Uint8Array): TermSeal {
  const secret = toSecret(key, 'key')
  // Texts repeat their words.
  const known = new Map<string, string>()
  return {
    id: createHmac('sha256', secret).update('search terms').digest('base64url').slice(0, sealedLength),
    seal(tenantId, term) {
      const name = `${tenantId.length}:${tenantId}${term}`
      let sealed = known.get(name)
      if (sealed === undefined) {
        sealed = createHmac('sha256', secret).update(name).digest('base64url').slice(0, sealedLength)
        if (known.size === maxKnown) known.clear()
        known.set(name, sealed)
      }
      return sealed
    },
  }
}
