import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../../src/index.js'
import { type EncryptedStore, encryptedStore, staticKeyring } from '../../../src/sealed.js'
import type { SessionStore } from '../../../src/store.js'
import { changingStore } from '../../changing-store.js'
import { alice, anonymous, codeOf } from '../../service.js'

const keyring = staticKeyring({ current: 'a', keys: { a: randomBytes(32) } })
const indexKey = randomBytes(32)
const sealed = (store: SessionStore) => encryptedStore(store, { keyring, indexKey, mode: 'migrate' })
const ref = { tenantId: 'acme', id: 'one' }
const said = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ role: 'user' as const, content: `Hello ${index}` }))

/** A session of nobody, which alice has bound: it is sealed with the key of the tenant. */
async function bound(store: SessionStore, count: number): Promise<void> {
  const sessions = createSessions({ store: sealed(store) })
  const session = await sessions.for(anonymous).create({ id: 'one', messages: said(count) })
  await (await sessions.for(alice).findByCredential(await session.credential()))!.bind()
}

async function unsealed(store: SessionStore, count: number): Promise<void> {
  await createSessions({ store })
    .for(alice)
    .create({ id: 'one', messages: said(count) })
}

it.each<[string, typeof bound, (store: EncryptedStore) => Promise<unknown>]>([
  ['rekey', bound, async (store) => store.rekey(ref)],
  ['encryptExisting', unsealed, async (store) => store.encryptExisting({ tenantId: 'acme', limit: 10 })],
])('%s brings no session back that is removed meanwhile', async (_, prepare, seal) => {
  for (const count of [2, 201, 450]) {
    for (let at = 1, calls = 1; at <= calls; at++) {
      const inner = memoryStore()
      await prepare(inner, count)
      const changing = changingStore(inner, (call) => (call === at ? inner.remove(ref) : undefined))
      expect(await codeOf(seal(sealed(changing.store)))).toMatch(/^(settled|not_found)$/)
      calls = changing.calls.length
      expect(await inner.read(ref), `${count} messages, after call ${at}`).toBeUndefined()
    }
  }
})
