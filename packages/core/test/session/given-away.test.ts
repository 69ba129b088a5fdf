import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { giveSessions } from '../../src/http/give-sessions.js'
import { memoryStore, type Session } from '../../src/index.js'
import { admin, alice, anonymous, bob, codeOf, service } from '../service.js'

// What whoever still holds a session may do that has been given away since it was opened.

const guest = { tenantId: 'acme', userId: 'guest:1' }
const said = (content: string) => ({ role: 'user', content }) as const
const credentialSecrets = ['a secret that only these tests may know']

function places() {
  const store = memoryStore()
  return [1, 2].map(() => service({ store, credentialSecrets })) as [
    ReturnType<typeof service>,
    ReturnType<typeof service>,
  ]
}

/** A handle of a caller on a session of nobody, and what opens it elsewhere. */
async function heldBy(caller: typeof anonymous) {
  const [here, there] = places()
  const made = await there.for(anonymous).create()
  const credential = await made.credential()
  const held = (await here.for(caller).findByCredential(credential))!
  const open = async (by: typeof anonymous): Promise<Session> =>
    (await there.for(by).findByCredential(credential))!
  return { here, there, held, open, credential }
}

/** Lets pass what a handle may go on for without a look. */
function later(): void {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000)
  onTestFinished(() => clock.mockRestore())
}

describe('a handle of before says nothing', () => {
  it('in a session of a guest that is a user’s by now', async () => {
    const [here, there] = places()
    const held = await here.for(guest).create()
    await giveSessions(there.for(guest), alice)
    expect(await codeOf(held.append(said('late')))).toBe('not_found')
    expect(await (await there.for(alice).get(held.id)).allMessages()).toEqual([])
  })

  it.each([anonymous, bob])('in one of nobody that is a user’s by now, as %j', async (caller) => {
    const { held, open } = await heldBy(caller)
    const bound = await open(alice)
    await bound.bind()
    later()
    const late = await Promise.all(['one', 'two'].map(async (text) => codeOf(held.append(said(text)))))
    expect(late).toEqual(['not_found', 'not_found'])
    expect(await bound.allMessages()).toEqual([])
  })

  it('and goes on where it may, in the order of its calls', async () => {
    const { held, open, there } = await heldBy(alice)
    later()
    await Promise.all(['one', 'two', 'three'].map(async (text) => held.append(said(text))))
    await (await open(alice)).bind()
    await held.append(said('four'))
    const root = await there.for({ ...admin, userId: 'root' }).get(held.id)
    await root.append(said('five'))
    const texts = (await held.allMessages()).map(({ content }) => content)
    expect(texts).toEqual(['one', 'two', 'three', 'four', 'five'])
  })
})

it('whose turn went on after a user had bound the session knows, decides and says nothing of the user', async () => {
  const store = memoryStore()
  const own = { store, credentialSecrets, consent: { unsaid: { memory: true } } }
  const [here, there] = [service(own), service(own)]
  const theirs = there.for(alice)
  const kept = await theirs.create({ id: 'kept' })
  await kept.cart.add({ sku: 'p1', name: 'Phone', price: { amount: 100, currency: 'EUR' } })
  await kept.cart.checkout()
  const held = await here.for(anonymous).create()
  const credential = await held.credential()
  await held.turn('Hello', async () => {
    await (await theirs.findByCredential(credential))!.bind()
    return 'Hello'
  }).result
  const change = { purpose: 'storage', granted: false, version: '1', source: 'late' } as const
  expect(await codeOf(held.consent.set(change))).toBe('not_found')
  expect(await codeOf(held.consent.get())).toBe('not_found')
  expect(await codeOf(held.consent.allows('memory'))).toBe('not_found')
  expect(await codeOf(held.append(said('late')))).toBe('not_found')
  expect(await codeOf(held.cart.earlierOrders({ limit: 5 }))).toBe('not_found')
  expect(await codeOf(held.remember({ text: 'late' }, { scope: 'user' }))).toBe('not_found')
  expect((await theirs.list()).items).toHaveLength(2)
  expect((await there.consent.get(alice)).purposes).toEqual({})
})

describe('a handle whose credential was replaced', () => {
  const ways = {
    credential: async (session: Session) => session.credential(),
    rotateCredential: async (session: Session) => session.rotateCredential(),
    transfer: async (session: Session) => session.transfer({ mode: 'copy' }),
  }

  it.each(Object.entries(ways))('gets no other one by %s', async (_, ask) => {
    const { held, open, there } = await heldBy(anonymous)
    const { secret } = await (await open(anonymous)).transfer({ mode: 'move' })
    const moved = await there.for(anonymous).redeem({ secret })
    if (moved.status !== 'redeemed') expect.fail(moved.status)
    expect(await codeOf(ask(held))).toBe('not_found')
    expect((await there.for(anonymous).findByCredential(moved.credential))?.id).toBe(held.id)
    expect(await codeOf(ask(moved.session))).toBe('settled')
  })

  it.each(Object.entries(ways))('gets one by %s where its user owns the session', async (_, ask) => {
    const [here, there] = places()
    const session = await there.for(alice).create()
    const held = (await here.for(alice).findByCredential(await session.credential()))!
    await session.rotateCredential()
    expect(await codeOf(ask(held))).toBe('settled')
  })

  it('has the one that it made itself, also when another call of it was faster', async () => {
    const { held, there } = await heldBy(anonymous)
    const all = await Promise.all([held.rotateCredential(), held.credential(), held.rotateCredential()])
    expect(all).toHaveLength(3)
    expect((await there.for(anonymous).findByCredential(await held.credential()))?.id).toBe(held.id)
  })
})
