'use client'

import { useEffect, useState } from 'react'

export interface CopyButtonProps {
  readonly text: string
  readonly label?: string
  readonly className?: string
}

/** Copies a text, and shows for a moment that it did. */
export function CopyButton({ text, label = 'Copy', className = 'text-button' }: CopyButtonProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 1600)
    return () => clearTimeout(timer)
  }, [state])
  const copy = async (button: HTMLElement): Promise<void> => {
    // Browsers allow the clipboard only on pages over a secure connection. Everywhere else there is the older way.
    try {
      await navigator.clipboard.writeText(text)
      setState('copied')
    } catch {
      setState(copySelected(text, button) ? 'copied' : 'refused')
    }
  }
  return (
    <button type="button" className={className} onClick={(event) => void copy(event.currentTarget)}>
      <span className="swap" data-shown={state}>
        <span aria-hidden={state !== 'idle'}>{label}</span>
        <span aria-hidden={state !== 'copied'}>Copied</span>
        <span aria-hidden={state !== 'refused'}>Failed</span>
      </span>
    </button>
  )
}

/** Copies as a person would, by selecting; within the same dialog, because nothing else can be selected then. */
function copySelected(text: string, button: HTMLElement): boolean {
  const field = document.createElement('textarea')
  Object.assign(field, { value: text, readOnly: true, className: 'hidden' })
  button.parentElement?.append(field)
  field.select()
  try {
    // oxlint-disable-next-line typescript/no-deprecated -- There is no other way on a page without TLS.
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    field.remove()
    button.focus()
  }
}
