'use client'

import { type ReactNode, useEffect, useRef, useState } from 'react'
import { CopyButton } from '../copy-button.tsx'
import { timeOf, useClock } from '../clock.ts'
import { Icon } from '../icons.tsx'
import type { MessageView } from '../wire.ts'
import type { Versions } from './branches.ts'
import { textOf } from './pieces.ts'
import type { Outgoing } from './state.ts'
import { maxMessageLength, TooLong } from './too-long.tsx'

export interface QuestionProps {
  readonly message: MessageView
  readonly versions: Versions | undefined
  readonly isBusy: boolean
  readonly isEditing: boolean
  readonly onEdit: (isEditing: boolean) => void
  readonly onSave: (text: string) => void
  readonly onSwitch: (branchId: string) => void
}

/** A message of the user. */
export function Question({ message, versions, isBusy, isEditing, onEdit, onSave, onSwitch }: QuestionProps) {
  const clock = useClock()
  const text = textOf(message)
  return (
    <li className="question" data-message={message.id}>
      <span className="hidden">You: </span>
      {isEditing ? (
        <EditForm text={text} onCancel={() => onEdit(false)} onSave={onSave} />
      ) : (
        <>
          <Bubble text={text} />
          <div className="entry-actions">
            <time dateTime={message.createdAt}>{timeOf(message.createdAt, clock)}</time>
            <CopyButton text={text} />
            <button
              type="button"
              className="text-button"
              aria-label="Edit message"
              disabled={isBusy}
              onClick={() => onEdit(true)}
            >
              Edit
            </button>
            {versions === undefined ? undefined : (
              <VersionPager versions={versions} isBusy={isBusy} onSwitch={onSwitch} />
            )}
          </div>
        </>
      )}
    </li>
  )
}

/** A message that is being sent, or could not be sent. */
export function OutgoingQuestion({
  outgoing,
  onRetry,
  onDiscard,
}: {
  outgoing: Outgoing
  onRetry: () => void
  onDiscard: () => void
}) {
  return (
    <li className="question" data-outgoing={outgoing.status}>
      <span className="hidden">You: </span>
      <Bubble text={outgoing.text} />
      {outgoing.status === 'failed' ? (
        <div className="not-sent" role="alert">
          <p>Not sent. {outgoing.problem}</p>
          <button type="button" className="text-button strong" onClick={onRetry}>
            Try again
          </button>
          <button type="button" className="text-button" onClick={onDiscard}>
            Put it back
          </button>
        </div>
      ) : (
        <div className="entry-actions always">
          <span className="sending">Sending …</span>
        </div>
      )}
    </li>
  )
}

// More is a page of its own.
const longText = 1500
const longLines = 15

/** The words of the user. Long ones are folded, so that the answer is in sight. */
function Bubble({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false)
  const isLong = text.length > longText || text.split('\n').length > longLines
  return (
    <>
      <p className="bubble" dir="auto" data-folded={isLong && !isOpen}>
        {text}
      </p>
      {isLong ? (
        <button
          type="button"
          className="text-button fold"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Show less' : `Show all ${text.length.toLocaleString('en')} characters`}
        </button>
      ) : undefined}
    </>
  )
}

function VersionPager({
  versions: { count, current, branchIds },
  isBusy,
  onSwitch,
}: {
  versions: Versions
  isBusy: boolean
  onSwitch: (branchId: string) => void
}): ReactNode {
  const to = (index: number): (() => void) | undefined => {
    const branchId = branchIds[index]
    return branchId === undefined || isBusy ? undefined : () => onSwitch(branchId)
  }
  const previous = to(current - 1)
  const next = to(current + 1)
  return (
    <span className="versions" role="group" aria-label="Versions">
      <button
        type="button"
        className="icon-button small"
        aria-label="Previous version"
        disabled={previous === undefined}
        onClick={previous}
      >
        <Icon name="back" />
      </button>
      <span className="numbers">
        {current + 1} / {count}
      </span>
      <button
        type="button"
        className="icon-button small"
        aria-label="Next version"
        disabled={next === undefined}
        onClick={next}
      >
        <Icon name="forward" />
      </button>
    </span>
  )
}

function EditForm({
  text,
  onCancel,
  onSave,
}: {
  text: string
  onCancel: () => void
  onSave: (text: string) => void
}) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [value, setValue] = useState(text)
  useEffect(() => {
    const element = field.current
    element?.focus()
    element?.setSelectionRange(element.value.length, element.value.length)
  }, [])
  const save = (): void => {
    if (value.trim() !== '' && value.trim().length <= maxMessageLength) onSave(value.trim())
  }
  return (
    <form
      className="edit"
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <textarea
        ref={field}
        aria-label="Edit your message"
        value={value}
        rows={Math.min(10, text.split('\n').length + 1)}
        onChange={(event) => setValue(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.preventDefault()
            onCancel()
          } else if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault()
            save()
          }
        }}
      />
      <TooLong id="edit-too-long" text={value} />
      <p className="fine">What was said after it stays as another version.</p>
      <div className="edit-actions">
        <button type="button" className="quiet" onClick={onCancel}>
          Cancel
        </button>
        <button
          type="submit"
          className="primary"
          disabled={value.trim() === '' || value.trim().length > maxMessageLength}
        >
          Send anew
        </button>
      </div>
    </form>
  )
}
