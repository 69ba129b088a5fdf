'use client'

import { createContext, use, useEffect, useState } from 'react'

/** What time it is, and where the reader is. */
export interface Clock {
  /** Epoch ms; moves on with each minute. */
  readonly now: number
  readonly timeZone: string
}

/** What the server took them to be, so that both sides draw the same. */
export const ClockContext = createContext<Clock>({ now: 0, timeZone: 'UTC' })

/** The time as the server told it at first, and as it is here from then on. */
export function useTickingClock(first: Clock): Clock {
  const [clock, setClock] = useState(first)
  useEffect(() => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    // So that the next page comes with the right days.
    document.cookie = `chat_zone=${encodeURIComponent(timeZone)}; path=/; max-age=31536000; samesite=lax`
    const tick = (): void => setClock({ now: Date.now(), timeZone })
    tick()
    const timer = setInterval(tick, 60_000)
    return () => clearInterval(timer)
  }, [])
  return clock
}

export function useClock(): Clock {
  return use(ClockContext)
}

export function timeOf(iso: string, { timeZone }: Clock): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(
    new Date(iso),
  )
}
