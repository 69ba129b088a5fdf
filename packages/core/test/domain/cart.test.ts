import { describe, expect, it } from 'vitest'
import {
  addToCart,
  type Cart,
  cartTotal,
  emptyCart,
  itemCount,
  removeFromCart,
  setCartQuantity,
  toOrder,
} from '../../src/domain/cart.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 99_900, currency: 'USD' } }
const add = (cart: Cart, item: object): Cart => addToCart(cart, item as typeof phone, 7)

describe('addToCart', () => {
  it('joins the same item into one line and keeps others apart', () => {
    let cart = add(emptyCart, phone)
    cart = add(cart, { ...phone, quantity: 2 })
    cart = add(cart, { ...phone, metadata: { colour: 'red' } })
    cart = add(cart, { ...phone, price: { amount: 89_900, currency: 'USD' } })
    expect(cart.items.map((line) => line.quantity)).toEqual([3, 1, 1])
    expect(new Set(cart.items.map((line) => line.id)).size).toBe(3)
    expect(cart.items[0]!.addedAt).toBe(7)
    expect(itemCount(cart)).toBe(5)
    expect(cartTotal(cart)).toEqual({ amount: 4 * 99_900 + 89_900, currency: 'USD' })
  })

  it('changes nothing that it was given', () => {
    const before = Object.freeze({ items: Object.freeze([]) })
    add(before, phone)
    expect(before).toEqual({ items: [] })
  })

  it.each([
    [{ ...phone, quantity: 0 }, 'item.quantity'],
    [{ ...phone, quantity: -3 }, 'item.quantity'],
    [{ ...phone, quantity: 1.5 }, 'item.quantity'],
    [{ ...phone, quantity: 10_001 }, 'item.quantity'],
    [{ ...phone, price: { amount: 9.99, currency: 'USD' } }, 'item.price.amount'],
    [{ ...phone, price: { amount: -1, currency: 'USD' } }, 'item.price.amount'],
    [{ ...phone, price: { amount: 1, currency: 'dollars' } }, 'item.price.currency'],
    [{ ...phone, price: 'free' }, 'item.price'],
    [{ ...phone, colour: 'red' }, 'item.colour'],
    [{ name: 'Phone', price: phone.price }, 'item.sku'],
    [{ ...phone, metadata: JSON.parse('{"__proto__":{}}') }, 'item.metadata'],
  ])('refuses %j and says where', (item, path) => {
    expect(() => add(emptyCart, item)).toThrow(
      expect.objectContaining({ code: 'invalid', path: expect.stringContaining(path) }),
    )
  })

  it('refuses a second currency, and more pieces than a line can hold', () => {
    const cart = add(emptyCart, { ...phone, quantity: 10_000 })
    expect(() => add(cart, { ...phone, sku: 'P2', price: { amount: 1, currency: 'EUR' } })).toThrow(
      expect.objectContaining({ path: 'item.price.currency' }),
    )
    expect(() => add(cart, phone)).toThrow(expect.objectContaining({ path: 'item.quantity' }))
  })
})

describe('the lines of a cart', () => {
  const cart = add(add(emptyCart, phone), { ...phone, sku: 'P2' })
  const [first, second] = cart.items

  it('take another quantity, and go at 0', () => {
    expect(setCartQuantity(cart, first!.id, 4).items[0]!.quantity).toBe(4)
    expect(setCartQuantity(cart, first!.id, 0).items).toEqual([second])
    expect(removeFromCart(cart, second!.id).items).toEqual([first])
    expect(() => setCartQuantity(cart, first!.id, -1)).toThrow(expect.objectContaining({ code: 'invalid' }))
    expect(() => setCartQuantity(cart, 'nope', 1)).toThrow(expect.objectContaining({ code: 'not_found' }))
    expect(() => removeFromCart(cart, 'nope')).toThrow(expect.objectContaining({ code: 'not_found' }))
  })

  it('become an order with the total in minor units', () => {
    expect(toOrder(cart, 9)).toMatchObject({
      items: cart.items,
      total: { amount: 199_800, currency: 'USD' },
      placedAt: 9,
    })
    expect(() => toOrder(emptyCart, 9)).toThrow(expect.objectContaining({ code: 'invalid' }))
    expect(cartTotal(emptyCart)).toBeUndefined()
  })
})
