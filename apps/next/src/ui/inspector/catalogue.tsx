'use client'

import { useEffect, useState } from 'react'
import { call } from '../api-client.ts'
import { formatMoney } from '../money.ts'
import { sayProblem } from '../problem.ts'
import type { Money } from '../wire.ts'

export interface Product {
  readonly sku: string
  readonly name: string
  readonly category: string
  readonly price: Money
  readonly description: string
}

/** The products of the shop, to be added to the cart by hand. */
export function Catalogue({ onAdd }: { onAdd: (product: Product) => void }) {
  const [isOpen, setOpen] = useState(false)
  const [products, setProducts] = useState<readonly Product[]>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    if (!isOpen || products !== undefined) return
    call<{ products: readonly Product[] }>('GET', '/chat/catalogue')
      .then((answer) => setProducts(answer.products))
      .catch((error: unknown) => setProblem(sayProblem(error)))
  }, [isOpen, products])
  return (
    <details className="catalogue" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>From the catalogue</summary>
      {problem === undefined ? undefined : <p className="panel-note">{problem}</p>}
      <ul>
        {(products ?? []).map((product) => (
          <li key={product.sku}>
            <span className="cart-name">{product.name}</span>
            <span className="cart-price numbers">{formatMoney(product.price)}</span>
            <small>{product.description}</small>
            <button
              type="button"
              className="text-button strong"
              aria-label={`Add ${product.name}`}
              onClick={() => onAdd(product)}
            >
              Add
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}
