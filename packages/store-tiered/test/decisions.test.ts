import { createSessions, memoryStore, type Session, type Sessions } from '@sessions/core'
import { describe, expect, it } from 'vitest'
import { tieredStore } from '../src/index.js'
import { gatedStore } from './gated-store.js'

const credentialSecrets = ['a secret that is long enough for all of these tests']
const alice = { tenantId: 'acme', userId: 'alice' }
const anonymous = { tenantId: 'acme' }

/** A process whose copies nobody drops, and another one that writes to the store itself. */
function pair() {
  const gated = gatedStore(memoryStore())
  const tiered = tieredStore(gated.store, { hot: { maxBytes: 1024 * 1024 } })
  const reads = { maxAgeMs: 3_600_000 }
  const here = createSessions({ store: tiered, reads, credentialSecrets })
  const there = createSessions({ store: gated.store, credentialSecrets })
  return { here, there, gated, tiered }
}

async function opened(sessions: Sessions, credential: string, identity = anonymous) {
  return sessions.for(identity).findByCredential(credential)
}

/** A session that both have open, and of which the one keeps a copy. */
async function shared({ here, there }: ReturnType<typeof pair>) {
  const made = await there.for(anonymous).create({ id: 's', state: { a: 1 } })
  const credential = await made.credential()
  const held = (await opened(here, credential))!
  await held.read()
  return { made, held, credential }
}

describe('with reads that may be old', () => {
  it('what is shown may be, and comes from memory', async () => {
    const both = pair()
    const { made, held } = await shared(both)
    await made.state.merge({ a: 2 })
    await made.append({ role: 'user', content: 'Hi' })
    both.gated.calls()
    expect((await held.read()).state).toEqual({ a: 1 })
    expect([await held.state.get(), await held.orders(), await held.branches()]).toEqual([{ a: 1 }, [], []])
    expect((await held.cart.get()).items).toEqual([])
    expect(both.gated.calls()).toEqual([])
    // Its own writes are seen at once, and nothing that is older than them.
    await held.state.merge({ b: 1 })
    expect(await held.state.get()).toEqual({ a: 2, b: 1 })
    expect((await held.history()).messages).toHaveLength(1)
  })

  it.each<[string, (made: Session, there: Sessions, credential: string) => Promise<unknown>]>([
    ['deleted', async (made) => made.delete()],
    ['given another credential', async (made) => made.rotateCredential()],
    ['given to a user', async (_, there, credential) => (await opened(there, credential, alice))!.bind()],
  ])('a session that was %s elsewhere is opened by nobody who had it', async (_, end) => {
    const both = pair()
    const { made, held, credential } = await shared(both)
    await end(made, both.there, credential)
    expect(await opened(both.here, credential)).toBeUndefined()
    expect((await held.subscribe().next()).value).toEqual({ id: 'end', type: 'removed' })
    expect((await held.watch().next()).done).toBe(true)
  })

  it('a turn that runs elsewhere holds the session, and a redeemed transfer is redeemed', async () => {
    const both = pair()
    const { made, held } = await shared(both)
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const turn = made.turn('Hi', async () => {
      await gate
      return 'Ho'
    })
    await turn.started
    await expect(held.turn('And?', () => 'no').result).rejects.toMatchObject({ code: 'turn_in_progress' })
    release()
    await turn.result
    const { secret } = await held.transfer({ mode: 'copy' })
    await both.there.for(alice).redeem({ secret })
    await expect(both.here.for(alice).redeem({ secret })).rejects.toMatchObject({ code: 'not_found' })
    await held.cart.add({ sku: 'a', name: 'a', price: { amount: 1, currency: 'EUR' } })
    await made.cart.checkout()
    await expect(held.cart.checkout()).rejects.toMatchObject({ code: 'invalid' })
  })
})
