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
  const copy = async (): Promise<void> => {
    // Browsers allow the clipboard only on pages over a secure connection.
    try {
      await navigator.clipboard.writeText(text)
      setState('copied')
    } catch {
      setState('refused')
    }
  }
  return (
    <button type="button" className={className} onClick={() => void copy()}>
      <span className="swap" data-shown={state}>
        <span aria-hidden={state !== 'idle'}>{label}</span>
        <span aria-hidden={state !== 'copied'}>Copied</span>
        <span aria-hidden={state !== 'refused'}>Failed</span>
      </span>
    </button>
  )
}
