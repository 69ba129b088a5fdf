'use client'

import { useEffect, useMemo, useRef, useState } from 'react'
import { Icon } from '../icons.tsx'
import { WritingAnswer } from './answer.tsx'
import { Entries } from './entries.tsx'
import { answerKey } from './exchanges.ts'
import { OutgoingQuestion } from './question.tsx'
import { isBusy, shownOf } from './reducer.ts'
import { useConversation } from './use-conversation.ts'

export interface LogProps {
  /** The message of the user that is being edited. */
  readonly editing: string | undefined
  /** The same function each time. */
  readonly onEdit: (messageId: string | undefined) => void
  /** Returns the text of a message that could not be sent to the composer. */
  readonly onReturn: (text: string) => void
  readonly isOlderPage: boolean
}

/** The messages, the newest at the bottom. */
export function Log({ editing, onEdit, onReturn, isOlderPage }: LogProps) {
  const { conversation, view } = useConversation()
  const { outgoing, answer, branches, earlier, session, messages } = view
  const after = outgoing?.after
  const replyId = answer?.replyId
  const shown = useMemo(() => shownOf(messages, after, replyId), [messages, after, replyId])

  return (
    <Scroller sent={outgoing?.id}>
      {earlier === undefined ? undefined : (
        <p className="earlier">
          <a
            className="text-button"
            href={`/c/${session.id}?before=${earlier}`}
            onClick={(event) => {
              event.preventDefault()
              void conversation.loadOlder()
            }}
          >
            Earlier messages
          </a>
        </p>
      )}
      {shown.length === 0 && outgoing === undefined && answer === undefined ? (
        <p className="lead clean-sheet">
          A clean sheet. What is in the cart and what you like are still known.
        </p>
      ) : undefined}
      <ol className="log">
        <Entries
          conversation={conversation}
          messages={shown}
          earlier={earlier}
          branches={branches}
          title={session.title}
          isBusy={isBusy(view) || view.isElsewhere}
          editing={editing}
          onEdit={onEdit}
        />
        {outgoing === undefined || shown.some(({ id }) => id === outgoing.id) ? undefined : (
          <OutgoingQuestion
            key={outgoing.id}
            outgoing={outgoing}
            onRetry={() => conversation.retry()}
            onDiscard={() => {
              onReturn(outgoing.text)
              conversation.discard()
            }}
          />
        )}
        {answer === undefined ? undefined : (
          <WritingAnswer key={answerKey(answer.messageId)} answer={answer} />
        )}
      </ol>
      {isOlderPage ? (
        <p className="earlier">
          <a className="text-button" href={`/c/${session.id}`}>
            To the newest messages
          </a>
        </p>
      ) : undefined}
    </Scroller>
  )
}

/**
 * Begins at the bottom and stays there while text comes, but never scrolls while a reader is looking at older text,
 * unless the reader says something.
 */
function Scroller({ sent, children }: { sent: string | undefined; children: React.ReactNode }) {
  const scroller = useRef<HTMLDivElement>(null)
  const [isAway, setAway] = useState(false)
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    // The column begins at the bottom, so scroll positions are negative numbers from there.
    const look = (): void => setAway(element.scrollTop < -240)
    element.addEventListener('scroll', look, { passive: true })
    return () => element.removeEventListener('scroll', look)
  }, [])
  // At the very bottom the column stays there by itself while an answer grows. A smooth scroll would fall behind it.
  const toNewest = (): void => scroller.current?.scrollTo({ top: 0, behavior: 'instant' })
  useEffect(() => {
    if (sent !== undefined) toNewest()
  }, [sent])
  return (
    <div className="scroller-frame">
      <div className="scroller" ref={scroller} tabIndex={0} role="region" aria-label="Messages">
        <div className="column">{children}</div>
      </div>
      {isAway ? (
        <button
          type="button"
          className="icon-button to-newest"
          aria-label="To the newest message"
          onClick={toNewest}
        >
          <Icon name="down" />
        </button>
      ) : undefined}
    </div>
  )
}
