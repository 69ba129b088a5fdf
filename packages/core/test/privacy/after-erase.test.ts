import { expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { wrapStore } from '../../src/testing.js'
import { alice, bob, codeOf, service } from '../service.js'

it('an application that does something after an erasure has nothing stored of the user from then on', async () => {
  const seen: unknown[] = []
  const writes: string[] = []
  const store = wrapStore(memoryStore(), (method, call) => {
    if (['commit', 'remove', 'amend'].includes(method)) writes.push(method)
    return call()
  })
  const sessions = service({
    store,
    credentialSecrets: ['a secret that only this test knows, and nobody else'],
    privacy: { afterErase: [async (user) => (seen.push(user), {})] },
  })
  await sessions.for(alice).create()
  await sessions.privacy.erase({ ...alice, by: 'alice', reason: 'article 17' })
  const told = { ...alice, erasureId: expect.any(String) as string }
  expect(seen).toEqual([told])
  writes.length = 0
  expect(await codeOf(sessions.for(alice).create())).toBe('user_erased')
  expect([writes, seen]).toEqual([[], [told]])
  expect(await codeOf(sessions.for(bob).create())).toBe('settled')
  expect(await codeOf(sessions.for({ tenantId: 'acme' }).create())).toBe('settled')
})
