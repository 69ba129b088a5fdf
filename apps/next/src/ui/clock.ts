'use client'

import { createContext, use, useEffect, useState } from 'react'

/** The time and the time zone of the reader. */
export interface Clock {
  /** Epoch ms; changes each minute. */
  readonly now: number
  readonly timeZone: string
}

/** The server's assumption of both, so that server and browser draw the same. */
export const ClockContext = createContext<Clock>({ now: 0, timeZone: 'UTC' })

/** The time from the server at first, and that of the browser from then on. */
export function useTickingClock(first: Clock): Clock {
  const [clock, setClock] = useState(first)
  useEffect(() => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    // So that the server draws the right days on the next page.
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

const formats = new Map<string, Intl.DateTimeFormat>()

export function timeOf(iso: string, { timeZone }: Clock): string {
  // To make a format takes far longer than to use it.
  const known = formats.get(timeZone)
  const format = known ?? new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })
  if (known === undefined) formats.set(timeZone, format)
  return format.format(new Date(iso))
}
