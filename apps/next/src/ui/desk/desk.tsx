'use client'

import { useRouter } from 'next/navigation'
import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { type Clock, ClockContext, useTickingClock } from '../clock.ts'
import { Sidebar, type SidebarProps } from '../sessions/sidebar.tsx'
import { DeskContext, type DeskControls } from './desk-context.ts'
import { ShortcutSheet } from './shortcut-sheet.tsx'
import { expectTranslations } from './translated.ts'
import { useCompositions } from './use-compositions.ts'
import { useSheet } from './use-sheet.ts'
import { useShortcuts } from './use-shortcuts.ts'

if (typeof window !== 'undefined') expectTranslations()

export interface DeskProps extends SidebarProps {
  readonly clock: Clock
  readonly isInspectorUnfolded: boolean
  readonly children: ReactNode
}

/** The layout of all pages: the list, the conversation, the inspector. */
export function Desk({ clock: first, isInspectorUnfolded: unfolded, children, ...sidebar }: DeskProps) {
  const clock = useTickingClock(first)
  const router = useRouter()
  const [sheet, openSheet] = useSheet()
  const [isInspectorUnfolded, setUnfolded] = useState(unfolded)
  const [isHelping, setHelping] = useState(false)
  const searchField = useRef<HTMLInputElement>(null)

  const closeSheet = useCallback(() => openSheet('none'), [openSheet])
  const newChat = useCallback(() => {
    openSheet('none')
    router.push('/')
    document.querySelector<HTMLElement>('textarea[name=message]')?.focus()
  }, [router, openSheet])
  const foldInspector = useCallback((isUnfolded: boolean) => {
    setUnfolded(isUnfolded)
    const value = isUnfolded ? 'open' : 'folded'
    document.cookie = `chat_inspector=${value}; path=/; max-age=31536000; samesite=lax`
  }, [])
  const search = useCallback(() => {
    // A hidden element takes no focus, so the sheet has to be visible first.
    if (isNarrow()) flushSync(() => openSheet('list'))
    searchField.current?.focus()
    searchField.current?.select()
  }, [openSheet])
  const help = useCallback(() => setHelping(true), [])
  const close = useCallback(() => {
    openSheet('none')
    return sheet !== 'none'
  }, [sheet, openSheet])
  useCompositions()
  useShortcuts({ search, newChat, help, close })

  const controls = useMemo<DeskControls>(
    () => ({
      sheet,
      openSheet,
      closeSheet,
      isInspectorUnfolded,
      foldInspector,
      searchField,
      newChat,
      showShortcuts: help,
    }),
    [sheet, openSheet, closeSheet, isInspectorUnfolded, foldInspector, newChat, help],
  )
  return (
    <DeskContext value={controls}>
      <ClockContext value={clock}>
        <div className="desk" data-sheet={sheet} data-inspector={isInspectorUnfolded ? 'open' : 'folded'}>
          <Sidebar {...sidebar} />
          {children}
          {sheet === 'none' ? undefined : (
            <button
              type="button"
              className="backdrop"
              aria-label="Close"
              tabIndex={-1}
              onClick={closeSheet}
            />
          )}
        </div>
        {isHelping ? <ShortcutSheet onClose={() => setHelping(false)} /> : undefined}
      </ClockContext>
    </DeskContext>
  )
}

function isNarrow(): boolean {
  return matchMedia('(max-width: 720px)').matches
}
