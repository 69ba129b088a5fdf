'use client'

import { useEffect, useState } from 'react'

export interface QuantityFieldProps {
  readonly name: string
  readonly quantity: number
  readonly onChange: (quantity: number) => void
}

/** A number between two buttons. A typed number counts when the field loses focus, or on Enter. */
export function QuantityField({ name, quantity, onChange }: QuantityFieldProps) {
  const [text, setText] = useState(String(quantity))
  useEffect(() => setText(String(quantity)), [quantity])
  const keep = (): void => {
    const wanted = Number(text)
    if (Number.isInteger(wanted) && wanted >= 0 && wanted <= 10_000 && text.trim() !== '') {
      if (wanted !== quantity) onChange(wanted)
    } else {
      setText(String(quantity))
    }
  }
  // Counted from the shown number, so that quick clicks add up.
  const step = (by: number): void => {
    const wanted = Math.max(0, (Number.parseInt(text, 10) || quantity) + by)
    setText(String(wanted))
    onChange(wanted)
  }
  return (
    <span className="quantity" role="group" aria-label={`Quantity of ${name}`}>
      <button type="button" aria-label={`One less ${name}`} onClick={() => step(-1)}>
        −
      </button>
      <input
        aria-label={`Quantity of ${name}`}
        inputMode="numeric"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => {
          if (event.key === 'Enter') keep()
        }}
      />
      <button type="button" aria-label={`One more ${name}`} onClick={() => step(1)}>
        +
      </button>
    </span>
  )
}
