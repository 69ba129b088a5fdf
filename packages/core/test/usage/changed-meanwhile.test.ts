import { expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { changingStore } from '../changing-store.js'
import { alice, bob, service } from '../service.js'
import { dumpOf } from '../privacy/user-data.js'

// Two calls change the same entries: neither takes back what the other has done.

const credentialSecrets = ['a secret that all processes know, and nobody else']
const price = (input: string) => [{ model: 'nano', currency: 'USD', perMillion: { input, output: '0' } }]
const over = (store: SessionStore, input: string) =>
  service({ store, credentialSecrets, usage: { prices: price(input) } })

async function filled() {
  const store = memoryStore()
  const sessions = over(store, '1')
  for (const who of [alice, bob]) {
    const session = await sessions.for(who).create({ id: `of ${who.userId}`, label: `with ${who.userId}` })
    for (const text of ['Hi', 'Ho'])
      await session.turn(text, () => [{ type: 'usage', inputTokens: 1_000_000, model: 'nano' }, 'hi']).result
  }
  await sessions.settled()
  return store
}

const erase = async (store: SessionStore) =>
  over(store, '1').privacy.erase({ ...alice, by: 'alice', reason: 'article 17' })
const reprice = async (store: SessionStore) =>
  over(store, '2').reprice({ tenantId: 'acme', from: 0, to: 9e15 })

it.each([
  ['prices are told anew while a user is erased', reprice, erase],
  ['a user is erased while prices are told anew', erase, reprice],
])('%s', async (_, slow, quick) => {
  for (let at = 1, calls = 1; at <= calls; at++) {
    const store = await filled()
    const meeting = changingStore(store, (call) => (call === at ? quick(store) : undefined))
    await slow(meeting.store)
    calls = meeting.calls.length
    const { total } = await over(store, '2').usage({ tenantId: 'acme' })
    expect(total, `after call ${at}`).toMatchObject({ turns: 4, costs: { USD: '8' } })
    expect(await dumpOf(store, 'acme'), `after call ${at}`).not.toMatch(/alice/)
  }
})
