'use client'

import { useEffect, useState } from 'react'
import type { Sheet } from './desk-context.ts'

/** The width up to which each of them is over the page instead of beside it. */
const widths: Readonly<Record<Exclude<Sheet, 'none'>, string>> = {
  list: '(max-width: 720px)',
  inspector: '(max-width: 1179.9px)',
}
const places = { list: '.sidebar', inspector: '.inspector' } as const

/** The sheet over the page. While it is open, it has the focus, and the page under it is inert. */
export function useSheet(): readonly [Sheet, (sheet: Sheet) => void] {
  const [sheet, setSheet] = useState<Sheet>('none')
  useEffect(() => {
    if (sheet === 'none') return
    const opener = document.activeElement
    const covered = [...document.querySelectorAll<HTMLElement>('.sidebar, .main, .inspector')].filter(
      (element) => !element.matches(places[sheet]),
    )
    for (const element of covered) element.inert = true
    document.querySelector<HTMLElement>(`${places[sheet]} .sheet-only`)?.focus()
    const media = matchMedia(widths[sheet])
    // With more room it is beside the page again, and covers nothing.
    const look = (): void => setSheet((now) => (media.matches ? now : 'none'))
    look()
    media.addEventListener('change', look)
    return () => {
      media.removeEventListener('change', look)
      for (const element of covered) element.inert = false
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [sheet])
  return [sheet, setSheet]
}
