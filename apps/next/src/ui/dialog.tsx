'use client'

import { type ReactNode, useEffect, useId, useRef } from 'react'

export interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly className?: string
}

/**
 * A modal dialog, open as long as it is mounted. Escape and a click beside it close it; the focus then goes back by
 * itself.
 */
export function Dialog({ title, onClose, children, className }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      className={className === undefined ? 'dialog' : `dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        // A click on the backdrop hits the dialog itself, a click inside hits another element.
        if (event.target === event.currentTarget) onClose()
      }}
    >
      <div className="dialog-sheet">
        <h2 id={titleId}>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}

export interface ConfirmProps {
  readonly title: string
  readonly children: ReactNode
  /** The label of the button that confirms. */
  readonly action: string
  readonly isBusy?: boolean
  readonly problem?: string | undefined
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Asks before an action that cannot be undone. */
export function Confirm({ title, children, action, isBusy, problem, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {problem === undefined ? undefined : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="quiet" onClick={onClose} autoFocus>
          Cancel
        </button>
        <button type="button" className="danger" onClick={onConfirm} disabled={isBusy}>
          {action}
        </button>
      </div>
    </Dialog>
  )
}
