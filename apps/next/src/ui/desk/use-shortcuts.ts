'use client'

import { useEffect } from 'react'

export interface Shortcuts {
  readonly search: () => void
  readonly newChat: () => void
  readonly help: () => void
  /** Closes the sheet over the page; false when there is none. */
  readonly close: () => boolean
}

/** The keyboard shortcuts, which work with any focus. */
export function useShortcuts({ search, newChat, help, close }: Shortcuts): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return
      const isCommand = event.ctrlKey || event.metaKey
      const key = event.key.toLowerCase()
      if (isCommand && !event.shiftKey && key === 'k') search()
      else if (isCommand && event.shiftKey && key === 'o') newChat()
      else if (event.key === '?' && !isWriting(event.target)) help()
      else if (event.key !== 'Escape' || !close()) return
      event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [search, newChat, help, close])
}

export function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input:not([type=radio]), textarea, select') !== null
}
