import { describe, expect, it } from 'vitest'
import { addToCart, limitedCartSchema, removeFromCart, setCartQuantity } from '../../src/domain/cart.js'
import { decided } from '../../src/domain/consent.js'
import { decodeBody, encodeBody, newBody } from '../../src/domain/session-body.js'

describe('a body', () => {
  it('goes to the store and back', () => {
    const body = newBody({ state: { a: [], b: {} }, preferences: { x: 0.30000000000000004 } })
    expect(decodeBody(encodeBody(body, 1000))).toEqual(body)
  })

  it('keeps a field that a newer release added', () => {
    const text = JSON.stringify({ ...newBody(), novelty: { x: 1 } })
    expect(JSON.parse(encodeBody(decodeBody(text), 10_000))).toHaveProperty('novelty', { x: 1 })
  })

  it('keeps what a newer release added inside of its parts, through changes of other parts of them', () => {
    const price = { amount: 100, currency: 'USD', tax: 19 }
    const item = { id: 'i', sku: 's', name: 'n', quantity: 1, price, addedAt: 1, gift: true }
    const newer = {
      ...newBody(),
      cart: { items: [item], coupon: 'TEN' },
      cartCounts: { added: 1, removed: 0, purchased: 0, returned: 1 },
      orders: [{ id: 'o', items: [item], total: price, placedAt: 1, ship: 'slow' }],
      path: [{ from: 1, by: 'x' }],
      lineage: { sessionId: 'p', seq: 0, why: 'x' },
      consent: { purposes: {}, history: [], policy: 2 },
    }
    const read = decodeBody(JSON.stringify(newer))
    expect(read).toEqual(newer)
    const other = { sku: 'other', name: 'n', price: { amount: 1, currency: 'USD' } }
    const fuller = addToCart(read.cart, other, 2)
    for (const cart of [
      fuller,
      setCartQuantity(fuller, 'i', 3),
      removeFromCart(fuller, fuller.items[1]!.id),
    ]) {
      expect(cart).toHaveProperty('coupon', 'TEN')
      expect(cart.items[0]).toMatchObject({ gift: true, price })
    }
    expect(
      decided(read.consent!, { purpose: 'x', granted: true, version: '1', source: 's' }, 1),
    ).toHaveProperty('policy', 2)
    expect(limitedCartSchema.safeParse(read.cart).success).toBe(true)
  })

  it('is read with an order of an earlier release whose total is not exact', () => {
    const total = { amount: 10_000_000_000_000_000, currency: 'IRR' }
    const text = JSON.stringify({ ...newBody(), orders: [{ id: 'o', items: [], total, placedAt: 1 }] })
    expect(decodeBody(text).orders[0]!.total).toEqual(total)
  })

  it('is refused over the limit', () => {
    expect(() => encodeBody(newBody({ state: { x: 'y'.repeat(500) } }), 500)).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    )
  })

  it.each(['', 'no json', 'null', '[]', '{}', '{"v":2}', JSON.stringify({ ...newBody(), path: [] })])(
    'is corrupt when it cannot be read: %j',
    (text) => {
      expect(() => decodeBody(text)).toThrow(expect.objectContaining({ code: 'corrupt' }))
    },
  )
})
