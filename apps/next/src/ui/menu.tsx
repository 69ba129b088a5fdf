'use client'

import { type ReactNode, useEffect, useId, useRef, useState } from 'react'

export interface MenuItem {
  readonly label: string
  readonly onSelect: () => void
  readonly isDangerous?: boolean
}

export interface MenuProps {
  /** The label of the button. */
  readonly label: string
  readonly icon: ReactNode
  readonly items: readonly MenuItem[]
}

/** A button that shows a short list of buttons. Tab and the arrow keys reach them; Escape closes it. */
export function Menu({ label, icon, items }: MenuProps) {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const listId = useId()

  useEffect(() => {
    if (!isOpen) return
    const look = (event: Event): void => {
      if (!(event.target instanceof Node) || !root.current?.contains(event.target)) setOpen(false)
    }
    document.addEventListener('pointerdown', look)
    document.addEventListener('focusin', look)
    buttonsOf(root.current)[1]?.focus()
    return () => {
      document.removeEventListener('pointerdown', look)
      document.removeEventListener('focusin', look)
    }
  }, [isOpen])

  return (
    <div
      className="menu"
      ref={root}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && isOpen) {
          event.preventDefault()
          setOpen(false)
          buttonsOf(root.current)[0]?.focus()
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault()
          if (isOpen) step(root.current, event.key === 'ArrowDown' ? 1 : -1)
          else setOpen(true)
        }
      }}
    >
      <button
        type="button"
        className="icon-button"
        aria-label={label}
        title={label}
        aria-expanded={isOpen}
        aria-controls={isOpen ? listId : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {icon}
      </button>
      {isOpen ? (
        <div className="menu-list" id={listId}>
          {items.map(({ label: name, onSelect, isDangerous }) => (
            <button
              key={name}
              type="button"
              className={isDangerous === true ? 'menu-item danger-text' : 'menu-item'}
              onClick={() => {
                setOpen(false)
                // The next dialog gives the focus back to here.
                buttonsOf(root.current)[0]?.focus()
                onSelect()
              }}
            >
              {name}
            </button>
          ))}
        </div>
      ) : undefined}
    </div>
  )
}

function buttonsOf(root: HTMLElement | null): HTMLButtonElement[] {
  return [...(root?.querySelectorAll('button') ?? [])]
}

function step(root: HTMLElement | null, by: number): void {
  const items = buttonsOf(root).slice(1)
  const at = items.findIndex((item) => item === document.activeElement)
  items[(at + by + items.length) % items.length]?.focus()
}
