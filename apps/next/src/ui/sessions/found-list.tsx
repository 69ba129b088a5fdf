'use client'

import Link from 'next/link'
import type { KeyboardEvent } from 'react'
import { titleOf } from './title.ts'
import type { Search } from './use-search.ts'

/** The results of a search, reachable with the arrow keys. */
export function FoundList({ search, onOpen }: { search: Search; onOpen: () => void }) {
  const { found = [], problem, query } = search
  return (
    <section className="day" aria-live="polite" onKeyDown={step}>
      <h2>{problem ?? (found.length === 0 ? `Nothing about “${query}”` : `About “${query}”`)}</h2>
      <ul>
        {found.map((session) => (
          <li key={session.id} className="row found">
            <Link href={`/c/${session.id}`} prefetch={false} className="row-link" onClick={onOpen}>
              {titleOf(session)}
              {session.snippet === undefined ? undefined : <small>{session.snippet}</small>}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}

function step(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const links = [...event.currentTarget.querySelectorAll('a')]
  const at = links.findIndex((link) => link === document.activeElement)
  event.preventDefault()
  links[(at + (event.key === 'ArrowDown' ? 1 : -1) + links.length) % links.length]?.focus()
}
