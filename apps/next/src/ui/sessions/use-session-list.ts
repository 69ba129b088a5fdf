'use client'

import { useCallback, useEffect, useRef, useState } from 'react'
import { call } from '../api-client.ts'
import { Problem, sayProblem } from '../problem.ts'
import type { ListView } from '../reading.ts'
import type { SessionPage, SessionView } from '../wire.ts'
import { onChange } from './changes.ts'

export interface SessionList {
  readonly sessions: readonly SessionView[]
  /** The cursor of older ones; undefined at the end. */
  readonly cursor: string | undefined
  readonly problem: string | undefined
  readonly loadMore: () => void
}

const pageLength = 30
const mostAtOnce = 200

/** The list of the visitor's sessions, kept up to date with changes here and in other tabs. */
export function useSessionList(first: ListView, isUnavailable: boolean): SessionList {
  const [list, setList] = useState(first)
  const [problem, setProblem] = useState(isUnavailable ? sayProblem(new Problem('unavailable')) : undefined)
  const length = useRef(pageLength)

  const read = useCallback(async () => {
    try {
      const { sessions } = await call<SessionPage>('GET', `/sessions?limit=${length.current}`)
      setList({ sessions: sessions.items, cursor: sessions.nextCursor })
      setProblem(undefined)
    } catch (error) {
      setProblem(sayProblem(error))
    }
  }, [])

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    // Changes come in bursts: one read is enough for all of them.
    const soon = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => void read(), 60)
    }
    const stop = onChange(soon)
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [read])

  const { cursor } = list
  const loadMore = useCallback(() => {
    length.current = Math.min(length.current + pageLength, mostAtOnce)
    void read()
  }, [read])
  return { sessions: list.sessions, cursor, problem, loadMore }
}
