import { describe, expect, it } from 'vitest'
import {
  addToCart,
  type Cart,
  cartItemSchema,
  cartTotal,
  emptyCart,
  itemCount,
  orderSchema,
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
      expect.objectContaining({ code: 'invalid', path: 'item.price.currency' }),
    )
    expect(() => add(cart, phone)).toThrow(expect.objectContaining({ path: 'item.quantity' }))
  })
})

describe('the lines of a cart', () => {
  const cart = add(add(emptyCart, phone), { ...phone, sku: 'P2' })
  const [first, second] = cart.items

  it('take another quantity, and go at 0', () => {
    expect(setCartQuantity(cart, first!.id, 4).items).toEqual([{ ...first, quantity: 4 }, second])
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

describe('what a cart can hold', () => {
  it.each([
    [{ ...phone, sku: 'x'.repeat(200), name: 'x'.repeat(500) }],
    [{ ...phone, price: { amount: 0, currency: 'USD' }, quantity: 1 }],
    [{ ...phone, price: { amount: 1_000_000_000_000, currency: 'USD' }, quantity: 9007 }],
  ])('has room for the most of everything', (item) => {
    expect(add(emptyCart, item).items).toMatchObject([item])
  })

  it.each([
    [{ ...phone, sku: '' }, 'item.sku'],
    [{ ...phone, sku: 'x'.repeat(201) }, 'item.sku'],
    [{ ...phone, name: '' }, 'item.name'],
    [{ ...phone, name: 'x'.repeat(501) }, 'item.name'],
    [{ ...phone, price: { amount: 1_000_000_000_001, currency: 'USD' } }, 'item.price.amount'],
    [{ ...phone, price: { amount: 1, currency: 'USDT' } }, 'item.price.currency'],
    [{ ...phone, price: { amount: 1, currency: 'xUSD' } }, 'item.price.currency'],
    [{ ...phone, price: { amount: 1, currency: 'usd' } }, 'item.price.currency'],
    [{ ...phone, price: { amount: 1, currency: 'US' } }, 'item.price.currency'],
    [{ ...phone, price: { ...phone.price, net: 1 } }, 'item.price.net'],
  ])('and for no more: %j', (item, path) => {
    expect(() => add(emptyCart, item)).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it('is 500 lines, of which each may still grow', () => {
    let cart: Cart = emptyCart
    for (let n = 0; n < 500; n++) cart = add(cart, { ...phone, sku: `P${n}` })
    expect(() => add(cart, { ...phone, sku: 'more' })).toThrow(
      expect.objectContaining({
        code: 'too_large',
        path: 'item',
        message: 'the cart already has 500 lines',
      }),
    )
    expect(add(cart, { ...phone, sku: 'P7' }).items[7]!.quantity).toBe(2)
  })

  it('has a total that a number holds exactly, after every change', () => {
    const dear = { ...phone, price: { amount: 1_000_000_000_000, currency: 'USD' } }
    const full = add(emptyCart, { ...dear, quantity: 9007 })
    const refused = (path: string) => expect.objectContaining({ code: 'too_large', path })
    expect(() => add(emptyCart, { ...dear, quantity: 9008 })).toThrow(refused('item'))
    expect(() => add(full, dear)).toThrow(refused('item.quantity'))
    expect(() => add(full, { ...dear, sku: 'P2' })).toThrow(refused('item'))
    expect(() => setCartQuantity(full, full.items[0]!.id, 9008)).toThrow(refused('quantity'))
    const tooDear = { items: full.items.map((line) => ({ ...line, quantity: 10_000 })) }
    expect(() => toOrder(tooDear, 9)).toThrow(refused('cart'))
    expect(setCartQuantity(tooDear, full.items[0]!.id, 9500).items[0]!.quantity).toBe(9500)
    expect(toOrder(full, 9).total.amount).toBe(9_007_000_000_000_000)
  })

  it('says which currency it is in, which quantity is wrong, and what is not in it', () => {
    const cart = add(emptyCart, phone)
    const euros = { ...phone, price: { amount: 1, currency: 'EUR' } }
    const refusals: [() => unknown, object][] = [
      [
        () => addToCart(cart, euros, 7, 'cart[3]'),
        { path: 'cart[3].price.currency', message: 'cart[3].price.currency: the cart is in USD' },
      ],
      [() => addToCart(cart, { ...phone, quantity: 10_000 }, 7, 'cart[3]'), { path: 'cart[3].quantity' }],
      [() => setCartQuantity(cart, cart.items[0]!.id, 10_001), { path: 'quantity' }],
      [() => removeFromCart(cart, 'nope'), { path: 'itemId', message: 'There is no such item in the cart.' }],
      [() => toOrder(emptyCart, 9), { path: 'cart', message: 'The cart is empty.' }],
    ]
    for (const [act, refusal] of refusals) expect(act).toThrow(expect.objectContaining(refusal))
    expect(setCartQuantity(cart, cart.items[0]!.id, 10_000).items[0]!.quantity).toBe(10_000)
  })

  it('has lines join whose metadata say the same, in whatever order', () => {
    let cart = add(emptyCart, { ...phone, metadata: { size: 'L', colour: { shade: 1, name: 'red' } } })
    cart = add(cart, { ...phone, metadata: { colour: { name: 'red', shade: 1 }, size: 'L' } })
    expect(cart.items).toHaveLength(1)
    for (const metadata of [
      { size: 'L' },
      { size: 'L', colour: ['red'] },
      { size: 'L', colour: null },
      { list: [1, 2] },
      { list: [2, 1] },
    ])
      cart = add(cart, { ...phone, metadata })
    expect(cart.items).toHaveLength(6)
  })

  it('has a line without metadata join one with none to tell, and keeps what is told', () => {
    let cart = add(emptyCart, phone)
    expect(cart.items[0]).not.toHaveProperty('metadata')
    cart = add(cart, { ...phone, metadata: {} })
    expect(cart.items).toMatchObject([{ quantity: 2 }])
    cart = add(cart, { ...phone, sku: 'P2', metadata: { a: 1 } })
    cart = add(cart, { ...phone, sku: 'P3', metadata: { a: 1 } })
    expect(cart.items.map(({ sku, metadata }) => [sku, metadata])).toEqual([
      ['P1', undefined],
      ['P2', { a: 1 }],
      ['P3', { a: 1 }],
    ])
  })
})

describe('what is stored of a cart', () => {
  const line = { ...add(emptyCart, { ...phone, metadata: { a: 1 } }).items[0]! }
  const order = toOrder({ items: [line] }, 9)

  it.each([
    ['a line', cartItemSchema, line],
    ['an order', orderSchema, order],
  ])('is %s, whole', (_, schema, whole) => {
    expect(schema.parse(whole)).toEqual(whole)
    for (const field of Object.keys(whole).filter((name) => name !== 'metadata')) {
      const { [field as never]: __, ...rest } = whole as Record<string, unknown>
      expect(schema.safeParse(rest).success, field).toBe(false)
      expect(schema.safeParse({ ...whole, [field]: null }).success, field).toBe(false)
    }
    expect(orderSchema.safeParse({ ...order, total: { amount: 1.5, currency: 'USD' } }).success).toBe(false)
    expect(orderSchema.safeParse({ ...order, total: {} }).success).toBe(false)
    expect(cartItemSchema.safeParse({ ...line, price: {} }).success).toBe(false)
    for (const metadata of [null, [], 'text', 7])
      expect(cartItemSchema.safeParse({ ...line, metadata }).success).toBe(false)
  })
})
