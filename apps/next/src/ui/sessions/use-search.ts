'use client'

import { useEffect, useState } from 'react'
import { call } from '../api-client.ts'
import { sayProblem } from '../problem.ts'

export interface FoundSession {
  readonly id: string
  readonly title?: string
  readonly updatedAt: string
  readonly snippet?: string
}

export interface Search {
  readonly query: string
  /** The results for the newest answered query; undefined while there is no query. */
  readonly found: readonly FoundSession[] | undefined
  readonly problem: string | undefined
}

/** Searches during typing. */
export function useSearch(query: string): Search {
  const [search, setSearch] = useState<Search>({ query: '', found: undefined, problem: undefined })
  useEffect(() => {
    const wanted = query.trim()
    if (wanted === '') return setSearch({ query: '', found: undefined, problem: undefined })
    const superseded = new AbortController()
    const timer = setTimeout(() => {
      call<{ sessions: readonly FoundSession[] }>('GET', `/chat/search?q=${encodeURIComponent(wanted)}`, {
        signal: superseded.signal,
      })
        .then(({ sessions }) => setSearch({ query: wanted, found: sessions, problem: undefined }))
        .catch((error: unknown) => {
          if (!superseded.signal.aborted) {
            setSearch({ query: wanted, found: [], problem: sayProblem(error) })
          }
        })
    }, 120)
    return () => {
      clearTimeout(timer)
      superseded.abort()
    }
  }, [query])
  return search
}
