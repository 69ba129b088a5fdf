'use client'

import { createContext, type RefObject, use } from 'react'

/** What lies over the conversation on a narrow screen. */
export type Sheet = 'none' | 'list' | 'inspector'

export interface DeskControls {
  readonly sheet: Sheet
  readonly openSheet: (sheet: Sheet) => void
  readonly closeSheet: () => void
  /** Whether the inspector stands beside the conversation, where there is room for it. */
  readonly isInspectorUnfolded: boolean
  readonly foldInspector: (isUnfolded: boolean) => void
  readonly searchField: RefObject<HTMLInputElement | null>
  readonly newChat: () => void
  readonly showShortcuts: () => void
}

export const DeskContext = createContext<DeskControls | undefined>(undefined)

export function useDesk(): DeskControls {
  const desk = use(DeskContext)
  if (desk === undefined) throw new Error('There is no desk around this.')
  return desk
}
