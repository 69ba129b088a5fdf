'use client'

import { useDesk } from '../desk/desk-context.ts'
import { Icon } from '../icons.tsx'

/** The inspector before there is a session; it keeps the space, so that nothing moves later. */
export function EmptyInspector() {
  const { sheet, closeSheet } = useDesk()
  return (
    <aside className="inspector" id="inspector" aria-label="Inspector" data-open={sheet === 'inspector'}>
      <div className="tabs">
        <span />
        <button
          type="button"
          className="icon-button sheet-only"
          aria-label="Close the inspector"
          onClick={closeSheet}
        >
          <Icon name="close" />
        </button>
      </div>
      <div className="panel">
        <p className="panel-note">
          The cart, what you like, and what the assistant reads: with your first message, it all shows up
          here.
        </p>
      </div>
    </aside>
  )
}
