import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { encryptedStore, staticKeyring } from '../../src/sealed.js'
import { alice, codeOf } from '../service.js'

const credentialSecrets = ['a secret of at least 32 characters']

it('erases a user of an encrypted store, whose key can be destroyed then', async () => {
  const store = encryptedStore(memoryStore(), {
    keyring: staticKeyring({ current: 'a', keys: { a: randomBytes(32) } }),
    indexKey: randomBytes(32),
  })
  const sessions = createSessions({ store, credentialSecrets })
  const mine = sessions.for(alice)
  await (await mine.create()).turn('Hello', () => 'Hi').result
  const receipt = await sessions.privacy.erase({ ...alice, by: 'alice', reason: 'asked' })
  expect(receipt.counts).toMatchObject({ sessions: 1, messages: 2 })
  expect(await store.destroyKey(alice)).toBe(true)
  // Another process, which has opened nothing yet.
  const others = createSessions({ store, credentialSecrets })
  expect(await others.privacy.erasure(alice)).toMatchObject({ status: 'done', receipt })
  expect((await others.for(alice).list()).items).toEqual([])
  expect(await codeOf(others.for(alice).create())).toBe('user_erased')
})
