'use client'

import Link from 'next/link'
import type { KeyboardEvent } from 'react'
import { MarkedText } from './marked-text.tsx'
import { titleOf } from './title.ts'
import type { Search, useSearch } from './use-search.ts'

export interface FoundListProps {
  readonly search: ReturnType<typeof useSearch>
  readonly onOpen: () => void
}

/** The results of a search, reachable with the arrow keys. */
export function FoundList({ search, onOpen }: FoundListProps) {
  const { found = [], problem, cursor, isComplete, more } = search
  return (
    <section className="day" aria-live="polite" onKeyDown={step}>
      <h2>{headingOf(search)}</h2>
      <ul>
        {found.map((session) => (
          <li key={session.id} className="row found">
            <Link href={`/c/${session.id}`} prefetch={false} className="row-link" onClick={onOpen}>
              <bdi>
                {session.marked === undefined ? titleOf(session) : <MarkedText {...session.marked} />}
              </bdi>
              {session.snippet === undefined ? undefined : (
                <small dir="auto">
                  <MarkedText {...session.snippet} />
                </small>
              )}
            </Link>
          </li>
        ))}
      </ul>
      {problem === undefined || found.length === 0 ? undefined : <p className="list-note">{problem}</p>}
      {isComplete ? undefined : (
        <p className="list-note">There may be more than this: not all conversations were searched.</p>
      )}
      {cursor === undefined ? undefined : (
        <button type="button" className="text-button older" onClick={more}>
          Search further
        </button>
      )}
    </section>
  )
}

function headingOf({ found = [], problem, query, cursor }: Search): string {
  if (found.length > 0) return `About “${query}”`
  // What fails has not found nothing.
  return problem ?? `Nothing about “${query}”${cursor === undefined ? '' : ' so far'}`
}

function step(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('a, button')]
  if (stops.length === 0) return
  const at = stops.findIndex((stop) => stop === document.activeElement)
  event.preventDefault()
  stops[(at + (event.key === 'ArrowDown' ? 1 : -1) + stops.length) % stops.length]?.focus()
}
