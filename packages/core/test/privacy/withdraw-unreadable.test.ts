import { expect, it } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { keyDestroyed, type SessionErrorCode } from '../../src/errors.js'
import { sideRecordTenant } from '../../src/sealed.js'
import { alice, codeOf } from '../service.js'

const secrets = ['a secret that is long enough for all of these tests']
const phone = { sku: 'IPH15', name: 'iPhone 15', quantity: 1, price: { amount: 99_900, currency: 'USD' } }
const withdrawn = (purpose: string) => ({ purpose, granted: false, version: '1', source: 'page' })
const damage = (code: SessionErrorCode, cause?: unknown) => (): never => {
  throw new SessionError(code, 'nobody can read it', { cause })
}
const corrupt = damage('corrupt')
const destroyed = damage('unknown_key', keyDestroyed)
const lacking = damage('unknown_key')

/** Three sessions of alice, with preferences and an order each; what `isDamaged` names cannot be read. */
async function scene(read: () => never, isDamaged: (ref: { tenantId: string; id: string }) => boolean) {
  const inner = memoryStore()
  let isBroken = false
  const store: SessionStore = {
    ...inner,
    read: async (ref, options) => (isBroken && isDamaged(ref) ? read() : inner.read(ref, options)),
  }
  const options = { credentialSecrets: secrets, consent: { unsaid: { memory: true } } }
  const sessions = createSessions({ store, ...options })
  const mine = sessions.for(alice)
  for (const id of ['early', 'bad', 'late']) {
    const session = await mine.create({ id, preferences: { colour: 'red' }, cart: [phone] })
    await session.append({ role: 'user', content: 'The red one' })
    await session.cart.checkout()
    await session.remember({ text: `Bought in ${id}` }, { scope: 'user' })
  }
  isBroken = true
  const preferencesOf = async (id: string) =>
    (
      await createSessions({ store: inner, ...options })
        .for(alice)
        .get(id)
    ).preferences.get()
  return { inner, mine, preferencesOf }
}

const isBad = ({ id }: { id: string }): boolean => id === 'bad'

it.each([
  ['is damaged', corrupt],
  ['has lost its key', destroyed],
])('a session that %s keeps no preferences of others from being withdrawn', async (_, read) => {
  const { mine, preferencesOf } = await scene(read, isBad)
  const { removed } = await mine.consent.set(withdrawn('personalization'))
  expect(removed['preferences']).toBe(2)
  expect([await preferencesOf('early'), await preferencesOf('late')]).toEqual([{}, {}])
})

it('a key that may come back fails the withdrawal, after the others', async () => {
  const { mine, preferencesOf } = await scene(lacking, isBad)
  expect(await codeOf(mine.consent.set(withdrawn('personalization')))).toBe('unknown_key')
  expect([await preferencesOf('early'), await preferencesOf('late')]).toEqual([{}, {}])
})

it('hides no orders of others', async () => {
  const { mine } = await scene(destroyed, isBad)
  const placed = (await mine.memory.orders()).map(({ sessionId }) => sessionId)
  expect(placed.toSorted()).toEqual(['early', 'late'])
  const earlier = await (await mine.get('late')).cart.earlierOrders()
  expect(earlier.map(({ sessionId }) => sessionId)).toEqual(['early'])
})

it('orders of a session whose key may come back are missed by nobody', async () => {
  const { mine } = await scene(lacking, isBad)
  expect(await codeOf(mine.memory.orders())).toBe('unknown_key')
})

it('what is remembered goes with the consent, though nobody can read it', async () => {
  const memory = sideRecordTenant('memory', 'acme')
  const { inner, mine } = await scene(corrupt, ({ tenantId }) => tenantId === memory)
  expect((await inner.list({ tenantId: memory, limit: 10 })).items).toHaveLength(1)
  await mine.consent.set(withdrawn('memory'))
  expect((await inner.list({ tenantId: memory, limit: 10 })).items).toEqual([])
})

it('what is remembered keeps no conversation from going on, though nobody can read it', async () => {
  const memory = sideRecordTenant('memory', 'acme')
  const { mine } = await scene(corrupt, ({ tenantId }) => tenantId === memory)
  const session = await mine.open('late', { remember: true })
  const { messages } = await session.context({ maxTokens: 1000 })
  expect(messages.map(({ content }) => content)).toEqual(['The red one'])
  expect(await codeOf(mine.memory.list())).toBe('corrupt')
  await mine.memory.clear()
})

it('a kept answer that nobody can read keeps no preferences', async () => {
  const { inner, mine, preferencesOf } = await scene(corrupt, () => false)
  const ref = { tenantId: sideRecordTenant('requests', 'acme'), id: 'key' }
  await inner.commit(ref, { revision: 0, body: 'no JSON', label: 'early' })
  expect((await mine.consent.set(withdrawn('personalization'))).removed['preferences']).toBe(3)
  expect(await preferencesOf('early')).toEqual({})
})
