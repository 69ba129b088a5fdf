'use client'

import { Dialog } from '../dialog.tsx'

const shortcuts = [
  [['Enter'], 'Send'],
  [['Shift', 'Enter'], 'New line'],
  [['↑'], 'Edit your last message, from an empty field'],
  [['Esc'], 'Stop the answer, or close what is open'],
  [['Ctrl', 'K'], 'Search'],
  [['Ctrl', 'Shift', 'O'], 'New chat'],
  [['?'], 'This sheet'],
] as const

export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className="shortcuts">
        {shortcuts.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="fine">On a Mac, Cmd does what Ctrl does.</p>
      <div className="dialog-actions">
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  )
}
