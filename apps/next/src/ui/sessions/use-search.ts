'use client'

import { useCallback, useEffect, useRef, useState } from 'react'
import { call } from '../api-client.ts'
import { isProblem, sayProblem } from '../problem.ts'

/** A text, and where in it the words are that were searched for. */
export interface Marked {
  readonly text: string
  readonly marks: readonly (readonly [from: number, to: number])[]
}

export interface FoundSession {
  readonly id: string
  readonly title?: string
  readonly updatedAt: string
  readonly marked?: Marked
  readonly snippet?: Marked
}

interface FoundPage {
  readonly sessions: readonly FoundSession[]
  readonly cursor?: string
  readonly complete: boolean
}

export interface Search {
  readonly query: string
  /** The results for the newest answered query, as far as they were read; undefined while there is no query. */
  readonly found: readonly FoundSession[] | undefined
  /** Where it goes on; undefined at the end. */
  readonly cursor: string | undefined
  /** False when there may be more than all pages show. */
  readonly isComplete: boolean
  readonly problem: string | undefined
}

const nothing: Search = {
  query: '',
  found: undefined,
  cursor: undefined,
  isComplete: true,
  problem: undefined,
}

/** Searches during typing. */
export function useSearch(query: string): Search & { readonly more: () => void } {
  const [search, setSearch] = useState(nothing)
  const asked = useRef<AbortController>(undefined)

  const read = useCallback(async (wanted: string, before: Search, cursor?: string) => {
    asked.current?.abort()
    const { signal } = (asked.current = new AbortController())
    const asks = new URLSearchParams({ q: wanted, ...(cursor === undefined ? {} : { cursor }) })
    const known = before.found ?? []
    try {
      const page = await call<FoundPage>('GET', `/chat/search?${asks}`, { signal })
      const found = [...known, ...page.sessions]
      const isComplete = page.complete
      setSearch({ query: wanted, found, cursor: page.cursor, isComplete, problem: undefined })
    } catch (error) {
      if (signal.aborted) return
      setSearch({ ...before, query: wanted, found: known, problem: sayFailure(error) })
    }
  }, [])

  useEffect(() => {
    const wanted = query.trim()
    if (wanted === '') return setSearch(nothing)
    const timer = setTimeout(() => void read(wanted, nothing), 120)
    return () => {
      clearTimeout(timer)
      asked.current?.abort()
    }
  }, [query, read])

  const more = useCallback(() => {
    if (search.cursor !== undefined) void read(search.query, search, search.cursor)
  }, [search, read])
  return { ...search, more }
}

function sayFailure(error: unknown): string {
  return isProblem(error, 'unavailable')
    ? 'The search does not answer right now. Nothing is lost: try again in a moment.'
    : sayProblem(error)
}
