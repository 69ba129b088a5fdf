import { expect, it } from 'vitest'
import type { CallerSessions, Session } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 99_900, currency: 'USD' } }

async function open(init: Parameters<CallerSessions['create']>[0] = {}) {
  const sessions = service()
  const session = await sessions.for(alice).create(init)
  sessions.events.length = 0
  const told = () =>
    sessions.events.splice(0).map(({ type, ...event }) => {
      const { action, itemCount, revision, orderId, total } = event as Record<string, unknown>
      return JSON.parse(JSON.stringify({ type, action, itemCount, revision, orderId, total })) as object
    })
  return { session, told }
}

it('tells of each change, with what is in it now, and of nothing that changes nothing', async () => {
  const { session, told } = await open()
  const [line] = (await session.cart.add({ ...phone, quantity: 3 })).items
  const changed = (action: string, itemCount: number, revision: number) => [
    { type: 'cart.changed', action, itemCount, revision },
  ]
  expect(told()).toEqual(changed('added', 3, 2))
  await session.cart.setQuantity(line!.id, 2)
  expect(told()).toEqual(changed('quantity', 2, 3))
  await session.cart.add({ ...phone, sku: 'P2' })
  told()
  await session.cart.remove(line!.id)
  expect(told()).toEqual(changed('removed', 1, 5))
  await session.cart.clear()
  expect(told()).toEqual(changed('cleared', 0, 6))
  expect(await session.cart.clear()).toEqual({ items: [] })
  expect(told()).toEqual([])
  expect((await session.info()).cart).toMatchObject({ added: 4, removed: 4, purchased: 0 })
})

it('tells of an order, once, and keeps the newest hundred', async () => {
  const { session, told } = await open({ cart: [{ ...phone, quantity: 2 }] })
  const order = await session.cart.checkout()
  expect(order).toMatchObject({ total: { amount: 199_800, currency: 'USD' } })
  expect(told()).toEqual([
    { type: 'cart.changed', action: 'checkedOut', itemCount: 0, revision: 2 },
    { type: 'order.placed', orderId: order.id, total: order.total },
  ])
  for (let n = 0; n < 100; n++) {
    await session.cart.add({ ...phone, sku: `${n}` })
    await session.cart.checkout()
  }
  const { orders } = await session.read()
  expect(orders).toHaveLength(100)
  expect(orders[0]!.items[0]!.sku).toBe('0')
  expect((await session.info()).cart).toMatchObject({ added: 102, removed: 0, purchased: 102 })
})

it('gives each repeat of a checkout its own order, tells of it once, and empties no later cart', async () => {
  const { session, told } = await open({ cart: [phone] })
  const first = await session.cart.checkout({ changeId: 'one' })
  await session.cart.add({ ...phone, sku: 'P2' })
  const second = await session.cart.checkout({ changeId: 'two' })
  await session.cart.add({ ...phone, sku: 'P3' })
  // More changes than a body knows by their names.
  for (let n = 0; n < 40; n++) await session.state.merge({ n })
  expect(await session.cart.checkout({ changeId: 'one' })).toEqual(first)
  expect(await session.cart.checkout({ changeId: 'two' })).toEqual(second)
  expect((await session.cart.get()).items).toMatchObject([{ sku: 'P3' }])
  const placed = (told() as { type: string; orderId?: string }[]).flatMap((event) =>
    event.type === 'order.placed' ? [event.orderId] : [],
  )
  expect(placed).toEqual([first.id, second.id])
})

it('takes no change of another kind for an order, though there are orders', async () => {
  const { session } = await open({ cart: [phone] })
  await session.cart.checkout()
  await session.cart.add(phone, { changeId: 'x' })
  expect(await codeOf(session.cart.checkout({ changeId: 'x' }))).toBe('invalid')
  expect((await session.cart.get()).items).toHaveLength(1)
})

it('takes no change of another kind for an order', async () => {
  const { session } = await open({ cart: [phone] })
  await session.state.merge({ a: 1 }, { changeId: 'x' })
  await expect(session.cart.checkout({ changeId: 'x' })).rejects.toMatchObject({
    code: 'invalid',
    path: 'changeId',
    message: expect.stringContaining('another change'),
  })
  expect((await session.cart.get()).items).toHaveLength(1)
})

it.each([undefined, null, {}, { items: 'all' }, { items: [null] }, { items: [phone, 7] }])(
  'merges nothing that is no cart: %j',
  async (other) => {
    const { session } = await open()
    await expect(session.cart.merge(other as never)).rejects.toMatchObject({
      code: 'invalid',
      path: 'items',
      message: 'items must be a list of items',
    })
  },
)

it('merges all lines or none, each as it was, and says which is wrong', async () => {
  const { session, told } = await open()
  const earlier = {
    items: [
      { ...phone, quantity: 2 },
      { ...phone, sku: 'P2', quantity: 1, metadata: { a: 1 } },
    ],
  }
  const { items } = await session.cart.merge(earlier as never)
  expect(items).toMatchObject(earlier.items)
  expect(items[0]).not.toHaveProperty('metadata')
  expect(told()).toMatchObject([{ action: 'added', itemCount: 3 }])
  const wrong = {
    items: [
      { ...phone, quantity: 1 },
      { ...phone, sku: '', quantity: 1 },
    ],
  }
  await expect(session.cart.merge(wrong as never)).rejects.toMatchObject({ path: 'items[1].sku' })
  expect((await session.cart.get()).items).toEqual(items)
})

const changes: [
  string,
  (session: Session, itemId: string, options: { ifRevision: number }) => Promise<unknown>,
][] = [
  ['add', ({ cart }, _, options) => cart.add(phone, options)],
  ['merge', ({ cart }, _, options) => cart.merge({ items: [] }, options)],
  ['setQuantity', ({ cart }, itemId, options) => cart.setQuantity(itemId, 7, options)],
  ['remove', ({ cart }, itemId, options) => cart.remove(itemId, options)],
  ['clear', ({ cart }, _, options) => cart.clear(options)],
  ['checkout', ({ cart }, _, options) => cart.checkout(options)],
]

it.each(changes)('%s changes nothing that is not at the revision it insists on', async (_, act) => {
  const { session } = await open({ cart: [phone] })
  const before = await session.cart.get()
  expect(await codeOf(act(session, before.items[0]!.id, { ifRevision: 7 }))).toBe('conflict')
  expect(await session.cart.get()).toEqual(before)
})

it('never places an order that makes its session unreadable', async () => {
  const mine = service().for(alice)
  const { id } = await mine.create()
  const dear = { ...phone, price: { amount: 1_000_000_000_000, currency: 'IRR' } }
  const session = await mine.get(id)
  expect(await codeOf(session.cart.add({ ...dear, quantity: 10_000 }))).toBe('too_large')
  for (const quantity of [9000, 7]) await session.cart.add({ ...dear, quantity })
  expect(await codeOf(session.cart.add(dear))).toBe('too_large')
  const { total } = await session.cart.checkout()
  expect((await (await mine.get(id)).orders()).map((order) => order.total)).toEqual([total])
})
