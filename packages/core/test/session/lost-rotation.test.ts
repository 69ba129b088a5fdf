import { expect, it } from 'vitest'
import { memoryStore, newId, type SessionRef, type SessionStore } from '../../src/index.js'
import { anonymous, service } from '../service.js'

// A failover may lose the newest writes, and a backup that is put back has older ones. What was void then stays void.

async function asItIs(store: SessionStore, ref: SessionRef): Promise<SessionStore> {
  const earlier = memoryStore()
  await earlier.restore(ref, (await store.read(ref, { tail: 100 }))!)
  return earlier
}

async function place() {
  const store = memoryStore()
  const credentialSecrets = ['the secret of both of these tests']
  const session = await service({ store, credentialSecrets }).for(anonymous).create()
  const first = await session.credential()
  const earlier = await asItIs(store, session.record)
  return { session, first, earlier: service({ store: earlier, credentialSecrets }).for(anonymous) }
}

it('a credential of a rotation that was lost stays void when the session gets another one', async () => {
  const { session, first, earlier } = await place()
  const lost = await session.rotateCredential()
  const held = (await earlier.findByCredential(first))!
  const next = await held.rotateCredential()
  expect(await earlier.findByCredential(lost)).toBeUndefined()
  expect((await earlier.findByCredential(next))?.id).toBe(session.id)
})

it('a credential of a move that was lost stays void when the session moves elsewhere', async () => {
  const { session, first, earlier } = await place()
  const lost = await session.rotateCredential()
  const held = (await earlier.findByCredential(first))!
  const { secret } = await held.transfer({ mode: 'move' })
  const moved = await earlier.redeem({ secret, redemptionId: newId() })
  expect(await earlier.findByCredential(lost)).toBeUndefined()
  expect((await earlier.findByCredential((moved as { credential: string }).credential))?.id).toBe(session.id)
})
