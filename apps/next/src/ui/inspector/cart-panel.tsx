'use client'

import { useState } from 'react'
import { call, newKey } from '../api-client.ts'
import { formatMoney } from '../money.ts'
import { isPassing } from '../problem.ts'
import type { Cart, CartItem, Order } from '../wire.ts'
import { Catalogue, type Product } from './catalogue.tsx'
import { QuantityField } from './quantity-field.tsx'
import { useResource } from './use-resource.ts'

export interface PanelProps {
  readonly sessionId: string
  /** Changes when the shown data may have changed. */
  readonly mark: string
}

export function CartPanel({ sessionId, mark }: PanelProps) {
  const path = `/sessions/${sessionId}/cart`
  const cart = useResource(async () => (await call<{ cart: Cart }>('GET', path)).cart, mark)
  const [order, setOrder] = useState<Order>()

  const change = (method: 'POST' | 'PATCH' | 'DELETE', where: string, body?: object) =>
    cart.change(async () => {
      const answer = await call<{ cart: Cart }>(method, path + where, {
        key: newKey(),
        ...(body === undefined ? {} : { body }),
      })
      return answer.cart
    })
  const add = ({ sku, name, price, category }: Product): void => {
    setOrder(undefined)
    void change('POST', '/items', { sku, name, price, metadata: { category } })
  }
  const checkOut = (): void => {
    void cart.change(async () => {
      const key = newKey()
      const place = () => call<{ order: Order }>('POST', `${path}/checkout`, { key })
      // Under the same key it is the same order, should the answer alone have been lost.
      const { order: placed } = await place().catch((error: unknown) => {
        if (!isPassing(error)) throw error
        return place()
      })
      setOrder(placed)
      return { items: [], itemCount: 0 }
    })
  }

  if (cart.value === undefined) return <p className="panel-note">{cart.problem ?? ' '}</p>
  const { items, itemCount, total } = cart.value
  return (
    <>
      {cart.problem === undefined ? undefined : (
        <p className="problem" role="alert">
          {cart.problem}
        </p>
      )}
      {order === undefined ? undefined : (
        <p className="panel-note ordered" role="status">
          Ordered, for {formatMoney(order.total)}. The number is <code>{order.id.slice(0, 8)}</code>.
        </p>
      )}
      {items.length === 0 ? (
        <p className="panel-note">The cart is empty. Ask for something, or add it from below.</p>
      ) : (
        <>
          <ul className="cart-lines">
            {items.map((item) => (
              <CartLine
                key={item.id}
                item={item}
                onQuantity={(quantity) => void change('PATCH', `/items/${item.id}`, { quantity })}
                onRemove={() => void change('DELETE', `/items/${item.id}`)}
              />
            ))}
          </ul>
          <p className="total">
            <span>
              {itemCount} {itemCount === 1 ? 'piece' : 'pieces'}
            </span>
            <strong>{total === undefined ? '' : formatMoney(total)}</strong>
          </p>
          <div className="panel-actions">
            <button
              type="button"
              className="quiet"
              disabled={cart.isBusy}
              onClick={() => void change('DELETE', '')}
            >
              Empty the cart
            </button>
            <button type="button" className="primary" disabled={cart.isBusy} onClick={checkOut}>
              Check out
            </button>
          </div>
        </>
      )}
      <Catalogue onAdd={add} />
    </>
  )
}

function CartLine({
  item,
  onQuantity,
  onRemove,
}: {
  item: CartItem
  onQuantity: (quantity: number) => void
  onRemove: () => void
}) {
  const { name, quantity, price } = item
  return (
    <li className="cart-line">
      <span className="cart-name">{name}</span>
      <span className="cart-price numbers">{formatMoney({ ...price, amount: price.amount * quantity })}</span>
      <QuantityField name={name} quantity={quantity} onChange={onQuantity} />
      <button type="button" className="text-button" aria-label={`Remove ${name}`} onClick={onRemove}>
        Remove
      </button>
    </li>
  )
}
