'use client'

import { type RefObject, useEffect, useRef, useState } from 'react'
import { Icon } from '../icons.tsx'
import { maxMessageLength, TooLong } from './too-long.tsx'
import { keepDraft, keptDraft } from './kept.ts'
import { useDroppedFiles } from './use-dropped-files.ts'

export interface ComposerProps {
  /** Names the draft, so that it is found again after a reload. */
  readonly place: string
  readonly field: RefObject<HTMLTextAreaElement | null>
  readonly isBusy: boolean
  readonly isStopping: boolean
  /** False when the message cannot be sent now; then the text stays. */
  readonly onSend: (text: string) => boolean
  readonly onStop: (() => void) | undefined
  /** ArrowUp in an empty field. */
  readonly onEditLast?: () => void
}

/** The field for a new message. */
export function Composer(props: ComposerProps) {
  const { place, field, isBusy, isStopping, onSend, onStop, onEditLast } = props
  const [text, setText] = useState('')
  const isKept = useRef(false)
  useEffect(() => {
    // The server does not know the draft in this browser.
    // What was typed before the scripts were here stands in the field alone.
    setText((now) => (now === '' ? field.current?.value || keptDraft(place) : now))
    isKept.current = true
  }, [place, field])
  useEffect(() => {
    if (isKept.current) keepDraft(place, text)
    fit(field.current)
  }, [place, text, field])
  useKeyboardHeight()
  const { hasFile, onPaste, forget } = useDroppedFiles()

  const isTooLong = text.trim().length > maxMessageLength
  const send = (): void => {
    const message = text.trim()
    if (message === '' || isTooLong || isBusy || !onSend(message)) return
    setText('')
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        ref={field}
        name="message"
        aria-label="Message"
        aria-describedby={isTooLong ? 'too-long' : undefined}
        placeholder="Write a message"
        dir="auto"
        rows={1}
        value={text}
        enterKeyHint="send"
        onPaste={onPaste}
        onChange={(event) => {
          setText(event.target.value)
          forget()
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault()
            send()
          } else if (event.key === 'ArrowUp' && text === '' && onEditLast !== undefined) {
            event.preventDefault()
            onEditLast()
          }
        }}
      />
      <TooLong id="too-long" text={text} />
      {hasFile && (
        <p className="too-long" role="alert">
          A message takes text alone: no pictures, no files.
        </p>
      )}
      {isBusy && onStop !== undefined ? (
        <button
          key="stop"
          type="button"
          className="send stop"
          aria-label="Stop"
          title="Stop (Esc)"
          disabled={isStopping}
          onClick={onStop}
        >
          <Icon name="stop" />
        </button>
      ) : (
        <button
          key="send"
          type="submit"
          className="send"
          aria-label="Send"
          title="Send (Enter)"
          disabled={text.trim() === '' || isTooLong || isBusy}
        >
          <Icon name="send" />
        </button>
      )}
    </form>
  )
}

/** Fits the height to the text, in browsers that do not do that themselves. */
function fit(field: HTMLTextAreaElement | null): void {
  if (field === null || CSS.supports('field-sizing', 'content')) return
  field.style.height = 'auto'
  field.style.height = `${field.scrollHeight}px`
}

/** Keeps the page above the keyboard, on phones that show the keyboard over the page. */
function useKeyboardHeight(): void {
  useEffect(() => {
    const viewport = window.visualViewport
    if (viewport === null) return
    const resize = (): void => {
      const covered = window.innerHeight - viewport.height
      const height = covered > 80 && viewport.scale < 1.01 ? `${viewport.height}px` : ''
      document.documentElement.style.setProperty('--seen-height', height || '100dvh')
    }
    viewport.addEventListener('resize', resize)
    return () => viewport.removeEventListener('resize', resize)
  }, [])
}
