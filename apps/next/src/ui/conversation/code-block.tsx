'use client'

import { type ReactNode, useEffect, useState } from 'react'
import { CopyButton } from '../copy-button.tsx'

// Of longer code the colours would hold the page up.
const maxLength = 20_000
const restMs = 150

/** Code with its language and a button that copies it. It gets its colours once no more of it comes. */
export function CodeBlock({ text, language }: { text: string; language: string | undefined }) {
  const [coloured, setColoured] = useState<{ text: string; nodes: ReactNode }>()
  useEffect(() => {
    if (language === undefined || text.length > maxLength) return
    let isOver = false
    const timer = setTimeout(() => {
      void import('./highlight.ts').then(
        ({ highlight }) => {
          if (!isOver) setColoured({ text, nodes: highlight(text, language) ?? text })
        },
        // Without a connection the code stays black.
        () => {},
      )
    }, restMs)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [text, language])
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{language}</span>
        <CopyButton text={text} label="Copy code" />
      </div>
      {/* Wide code scrolls, and the keyboard has to reach the scrolling element. */}
      <pre tabIndex={0}>
        <code>{coloured?.text === text ? coloured.nodes : text}</code>
      </pre>
    </div>
  )
}
