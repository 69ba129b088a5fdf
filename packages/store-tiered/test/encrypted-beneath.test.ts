import { createSessions, memoryStore } from '@sessions/core'
import { encryptedStore, staticKeyring } from '@sessions/core/sealed'
import type { SearchIndex, SessionCache, SessionStore } from '@sessions/core/store'
import { expect, it } from 'vitest'
import { tieredStore } from '../src/index.js'
import { hot } from './warmed.js'

const key = Buffer.alloc(32, 1)
const sealed = (store: SessionStore) =>
  encryptedStore(store, { keyring: staticKeyring({ current: 'k', keys: { k: key } }), indexKey: key })
const warm: SessionCache = {
  ttlMs: 1000,
  find: async () => ({}),
  keep: async () => {},
  begin: async () => 'permit',
  end: async () => {},
}

it.each([
  ['last', () => sealed(memoryStore())],
  ['what last stands over', () => tieredStore(sealed(memoryStore()), { hot })],
])('a cache that processes share holds nothing in clear that %s seals', (_, last) => {
  const refusal = expect.objectContaining({ code: 'invalid', path: 'warm' }) as Error
  expect(() => tieredStore(last(), { hot, warm })).toThrow(refusal)
  // In the memory of this process everything is in clear in any case.
  expect(() => tieredStore(last(), { hot })).not.toThrow()
  expect(() => sealed(tieredStore(memoryStore(), { hot, warm }))).not.toThrow()
})

it('an index of the search has no words in clear that the store beneath seals', () => {
  const store = tieredStore(sealed(memoryStore()), { hot })
  const credentialSecrets = ['a secret that all processes know, and nobody else']
  const refusal = expect.objectContaining({ code: 'invalid', path: 'search.terms' }) as Error
  const search = { index: {} as SearchIndex }
  expect(() => createSessions({ store, credentialSecrets, search })).toThrow(refusal)
})
