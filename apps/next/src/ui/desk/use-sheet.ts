'use client'

import { useEffect, useState } from 'react'
import type { Sheet } from './desk-context.ts'

/** Up to which width each of them lies over the page instead of beside it. */
const widths: Readonly<Record<Exclude<Sheet, 'none'>, string>> = {
  list: '(max-width: 720px)',
  inspector: '(max-width: 1179.9px)',
}
const places = { list: '.sidebar', inspector: '.inspector' } as const

/** The sheet that lies over the page. While it does, it has the focus, and the page under it is out of reach. */
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
    // With more room, it stands beside the page again, and nothing is covered.
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
