'use client'

import { useRouter } from 'next/navigation'
import { useCallback, useEffect, useRef, useState } from 'react'
import { Inspector } from '../inspector/inspector.tsx'
import { announceChange } from '../sessions/changes.ts'
import { ChatHeader } from './chat-header.tsx'
import { Announcer } from './announcer.tsx'
import { Composer } from './composer.tsx'
import type { Opening } from './conversation.ts'
import { Elsewhere } from './elsewhere.tsx'
import { keepDraft, keptDraft } from './kept.ts'
import { Log } from './log.tsx'
import { Notice } from './notice.tsx'
import { isBusy } from './reducer.ts'
import { ConversationContext, useConversation, useOpenedConversation } from './use-conversation.ts'

export interface ChatProps {
  readonly opening: Opening
  /** A page of older messages, for readers without JavaScript. */
  readonly isOlderPage: boolean
}

/** A conversation, and the inspector beside it. */
export function Chat({ opening, isOlderPage }: ChatProps) {
  const conversation = useOpenedConversation(opening)
  return (
    <ConversationContext value={conversation}>
      <ChatMain isOlderPage={isOlderPage} />
      <Inspector />
    </ConversationContext>
  )
}

function ChatMain({ isOlderPage }: { isOlderPage: boolean }) {
  const { conversation, view } = useConversation()
  const router = useRouter()
  const [editing, setEditing] = useState<string>()
  const [returns, setReturns] = useState(0)
  const field = useRef<HTMLTextAreaElement>(null)
  const busy = isBusy(view)
  const isStopping = view.answer?.status === 'stopping'

  useEffect(() => {
    // On a phone the focus would open the keyboard, before the reader wants to write.
    if (returns > 0 || matchMedia('(hover: hover)').matches) field.current?.focus()
  }, [returns])

  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      // A dialog or sheet over the page closes first, by its own handler.
      const isTaken =
        event.defaultPrevented || document.querySelector('dialog[open], [data-open=true]') !== null
      if (event.key !== 'Escape' || isTaken || !isBusy(conversation.view())) return
      event.preventDefault()
      void conversation.cancel()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [conversation])

  useEffect(() => {
    const online = (): void => conversation.cameOnline()
    window.addEventListener('online', online)
    return () => window.removeEventListener('online', online)
  }, [conversation])

  const onEdit = useCallback((messageId: string | undefined): void => {
    setEditing(messageId)
    if (messageId === undefined) field.current?.focus()
  }, [])

  const editLast = (): void => {
    const last = view.messages.findLast(({ role }) => role === 'user')
    if (last !== undefined && !busy) setEditing(last.id)
  }

  if (view.isGone) {
    return (
      <main className="main gone" id="main" tabIndex={-1}>
        <div className="plain-page">
          <h1>This conversation is gone</h1>
          <p>
            It was deleted, or it has moved to another device. Nothing said here would be kept; what you were
            writing comes along.
          </p>
          <p>
            <button
              type="button"
              className="primary"
              onClick={() => {
                const text = view.outgoing?.text ?? keptDraft(conversation.sessionId)
                if (text !== '') keepDraft('new', text)
                announceChange()
                router.push('/')
              }}
            >
              Start a new one
            </button>
          </p>
        </div>
      </main>
    )
  }
  return (
    <main className="main" id="main" tabIndex={-1}>
      <ChatHeader />
      <Log
        editing={editing}
        isOlderPage={isOlderPage}
        onEdit={onEdit}
        onReturn={(text) => {
          const draft = keptDraft(conversation.sessionId)
          keepDraft(conversation.sessionId, draft === '' ? text : `${text}\n\n${draft}`)
          // The composer reads its draft when it is mounted.
          setReturns(returns + 1)
        }}
      />
      <div className="foot">
        <Notice />
        {view.isElsewhere ? (
          <Elsewhere />
        ) : (
          <Composer
            key={returns}
            place={conversation.sessionId}
            field={field}
            isBusy={busy}
            isStopping={isStopping}
            onSend={(text) => {
              conversation.send(text)
              return true
            }}
            onStop={view.answer === undefined ? undefined : () => void conversation.cancel()}
            onEditLast={editLast}
          />
        )}
      </div>
      <Announcer />
    </main>
  )
}
