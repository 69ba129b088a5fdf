import { expect, it } from 'vitest'
import { memoryStore, type SessionsOptions } from '../../src/index.js'
import type { AuditCheckpoint } from '../../src/audit.js'
import { storeUsageLog } from '../../src/usage.js'
import { alice, service } from '../service.js'
import { settings } from './user-data.js'

const dayMs = 24 * 3_600_000
const tenants = ['acme']
const phone = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }

function scene() {
  let now = Date.now()
  const store = memoryStore({ clock: () => now })
  const told: AuditCheckpoint[] = []
  const over = (options: SessionsOptions = {}) =>
    service({
      ...settings,
      store,
      ttl: { idleMs: Number.POSITIVE_INFINITY, absoluteMs: Number.POSITIVE_INFINITY },
      audit: {
        secrets: ['a secret of the audit that is long enough'],
        onCheckpoint: (checkpoint) => void told.push(checkpoint),
      },
      ...options,
    })
  return { store, told, over, pass: (ms: number) => void (now += ms) }
}

it('keeps the audit of its tenants, and of nobody’s requests where it has any', async () => {
  const { told, over } = scene()
  const sessions = over()
  for (const tenantId of ['acme', '~nobody', 'other']) await sessions.audit.append({ tenantId, action: 'a' })
  const toldOf = async (options?: { tenants: string[] }) => {
    told.length = 0
    await sessions.sweep(options)
    return told.map(({ tenantId }) => tenantId)
  }
  expect(await toldOf()).toEqual([])
  expect(await toldOf({ tenants: [] })).toEqual([])
  expect(await toldOf({ tenants: ['acme'] })).toEqual(['acme', '~nobody'])
})

it('does one thing after the other, up to its limit, and goes on the next time', async () => {
  const { store, told, over, pass } = scene()
  // Usage that nobody has written down, carts and lanes that are over their time: two of each.
  const forgetful = { ...storeUsageLog(store), append: async () => 0 }
  const usage = { log: forgetful }
  for (const id of ['one', 'two']) {
    const sessions = over({ usage })
    const session = await sessions.for(alice).create({ id, cart: [phone] })
    await session.turn('Hi', () => [{ type: 'usage', inputTokens: 1 }, 'Hello']).result
    await sessions.settled()
    await sessions.audit.append({ tenantId: 'acme', action: 'a' })
    await sessions.audit.append({ tenantId: '~nobody', action: 'a' })
  }
  pass(2 * dayMs)
  // What is past its deadline goes first.
  await store.sweep({ limit: 500 })
  told.length = 0
  const sessions = over({ usage: {}, retention: { cartMs: dayMs, auditMs: dayMs } })
  const cartsOf = async () =>
    Promise.all(
      ['one', 'two'].map(async (id) => (await (await sessions.for(alice).get(id)).cart.get()).items.length),
    )
  const sweep = async () => sessions.sweep({ tenants, limit: 1 })
  expect(await sweep()).toBe(1)
  expect((await sessions.usage({ tenantId: 'acme' })).total.turns).toBe(2)
  expect([(await cartsOf()).toSorted(), told]).toEqual([[0, 1], []])
  expect(await sweep()).toBe(1)
  expect([await cartsOf(), told]).toEqual([[0, 0], []])
  const lanesOf = async (tenantId: string) =>
    (await store.list({ tenantId: `~audit:${tenantId}`, limit: 9 })).items.filter(
      ({ id }) => id !== 'checkpoints',
    ).length
  for (const left of [1, 0]) {
    expect(await sweep()).toBe(1)
    expect([await lanesOf('acme'), await lanesOf('~nobody')]).toEqual([left, 2])
  }
  for (const left of [1, 0]) {
    expect(await sweep()).toBe(1)
    expect([await lanesOf('acme'), await lanesOf('~nobody')]).toEqual([0, left])
  }
  expect(await sweep()).toBe(0)
})
