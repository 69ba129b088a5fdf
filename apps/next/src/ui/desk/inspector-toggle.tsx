'use client'

import { Icon } from '../icons.tsx'
import { useDesk } from './desk-context.ts'
import { useWide } from './use-wide.ts'

/** Shows and hides the inspector: beside the conversation if there is room, otherwise over it. */
export function InspectorToggle() {
  const { sheet, openSheet, isInspectorUnfolded, foldInspector } = useDesk()
  const isWide = useWide()
  const isShown = isWide ? isInspectorUnfolded : sheet === 'inspector'
  const label = isShown ? 'Hide the inspector' : 'Show the inspector'
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      aria-expanded={isShown}
      aria-controls="inspector"
      onClick={() =>
        isWide ? foldInspector(!isInspectorUnfolded) : openSheet(isShown ? 'none' : 'inspector')
      }
    >
      <Icon name="inspector" />
    </button>
  )
}
