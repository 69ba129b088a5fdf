'use client'

import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react'
import { sayProblem } from '../problem.ts'

export interface Resource<Value> {
  /** The last value that was read; undefined before that. */
  readonly value: Value | undefined
  readonly problem: string | undefined
  /** Whether a change is being sent. */
  readonly isBusy: boolean
  /** Runs a change that returns the new value. Resolves to whether it worked. */
  readonly change: (make: () => Promise<Value>) => Promise<boolean>
}

/** A value that is read again whenever `mark` changes; the answer to the newest request counts. */
export function useResource<Value>(read: () => Promise<Value>, mark: string): Resource<Value> {
  const [value, setValue] = useState<Value>()
  const [problem, setProblem] = useState<string>()
  const [changes, setChanges] = useState(0)
  const newest = useRef(0)

  const take = useCallback(async (make: () => Promise<Value>): Promise<boolean> => {
    const turn = ++newest.current
    try {
      const made = await make()
      if (turn === newest.current) {
        setValue(made)
        setProblem(undefined)
      }
      return true
    } catch (error) {
      if (turn === newest.current) setProblem(sayProblem(error))
      return false
    }
  }, [])

  const readNow = useEffectEvent(() => void take(read))
  useEffect(() => readNow(), [mark])

  const change = useCallback(
    async (make: () => Promise<Value>): Promise<boolean> => {
      setChanges((count) => count + 1)
      const isDone = await take(make)
      setChanges((count) => count - 1)
      return isDone
    },
    [take],
  )
  return { value, problem, isBusy: changes > 0, change }
}
