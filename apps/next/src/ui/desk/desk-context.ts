'use client'

import { createContext, type RefObject, use } from 'react'

/** The sheet over the conversation on a narrow screen. */
export type Sheet = 'none' | 'list' | 'inspector'

export interface DeskControls {
  readonly sheet: Sheet
  readonly openSheet: (sheet: Sheet) => void
  readonly closeSheet: () => void
  /** Whether the inspector is beside the conversation, if there is room. */
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
