import { createSessions, memoryStore } from '@sessions/core'
import { encryptedStore, staticKeyring } from '@sessions/core/sealed'
import type { SearchIndex } from '@sessions/core/store'
import { expect, it } from 'vitest'
import { hashRoute, shardedStore } from '../src/index.js'

const key = Buffer.alloc(32, 1)
const sealed = () =>
  encryptedStore(memoryStore(), { keyring: staticKeyring({ current: 'k', keys: { k: key } }), indexKey: key })
const credentialSecrets = ['a secret that all processes know, and nobody else']
const search = { index: {} as SearchIndex }

it.each([
  ['one shard', () => ({ north: memoryStore(), south: sealed() })],
  ['a shard of this process', () => ({ north: sealed(), south: 'closed' as const })],
])('an index of the search has no words in clear that %s seals', (_, shards) => {
  const store = shardedStore({ shards: shards(), route: hashRoute(['north', 'south']) })
  const refusal = expect.objectContaining({ code: 'invalid', path: 'search.terms' }) as Error
  expect(() => createSessions({ store, credentialSecrets, search })).toThrow(refusal)
})

it('shards that are not encrypted need no sealed words', () => {
  const shards = { north: memoryStore(), south: memoryStore() }
  const store = shardedStore({ shards, route: hashRoute(['north', 'south']) })
  expect(() => createSessions({ store, credentialSecrets, search })).toThrow('search.index has no find')
})
