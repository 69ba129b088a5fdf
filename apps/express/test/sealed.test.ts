import { memoryStore } from '@sessions/core'
import { expect, it } from 'vitest'
import { sealingFrom } from '../src/sealed.js'
import { createShopSessions } from '../src/shop-sessions.js'
import { startServer } from './server.js'

const key = Buffer.alloc(32, 'a key').toString('base64')

it('seals what a shopper says where the environment has both keys', async () => {
  const found: Record<string, string[]> = {}
  const environments = { sealed: { SESSIONS_KEY: key, SESSIONS_INDEX_KEY: key }, plain: {} }
  for (const [name, env] of Object.entries(environments)) {
    const store = memoryStore()
    const server = await startServer({ sessions: createShopSessions({ store: sealingFrom(env)(store) }) })
    const shopper = server.client()
    const at = await shopper.start()
    await shopper.ask('Do you have a canary?')
    await shopper.send('POST', `${at}/cart/add`, { name: 'canary in the cart', price: 1 })
    const { text } = await shopper.send('GET', `${at}/conversation`)
    expect(text).toContain('Do you have a canary?')
    const { items } = await store.list({ tenantId: 'shop', limit: 10 })
    const stored = await store.read(items[0]!, { tail: 10 })
    found[name] = JSON.stringify(stored).match(/canary/g) ?? []
    await server.close()
  }
  expect(found['sealed']).toEqual([])
  expect(found['plain']!.length).toBeGreaterThanOrEqual(2)
})

it.each([
  ['SESSIONS_KEY', { SESSIONS_INDEX_KEY: key }],
  ['SESSIONS_INDEX_KEY', { SESSIONS_KEY: key, SESSIONS_INDEX_KEY: 'short' }],
])('says that %s cannot be used', (name, env) => {
  expect(() => sealingFrom(env)).toThrow(`${name} must be 32 bytes in base64`)
})
