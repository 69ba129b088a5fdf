'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { Icon } from '../icons.tsx'
import { forkTitle } from '../sessions/title.ts'
import { Answer, WritingAnswer } from './answer.tsx'
import { versionsOf } from './branches.ts'
import { answerKey, type Entry, toEntries } from './exchanges.ts'
import { textOf } from './pieces.ts'
import { OutgoingQuestion, Question } from './question.tsx'
import { isBusy, seqBefore, shownMessages } from './reducer.ts'
import { useConversation } from './use-conversation.ts'

export interface LogProps {
  /** The message of the user that is being edited. */
  readonly editing: string | undefined
  readonly onEdit: (messageId: string | undefined) => void
  /** Returns the text of a message that could not be sent to the composer. */
  readonly onReturn: (text: string) => void
  readonly isOlderPage: boolean
}

/** The messages, the newest at the bottom. */
export function Log({ editing, onEdit, onReturn, isOlderPage }: LogProps) {
  const { conversation, view } = useConversation()
  const router = useRouter()
  const { outgoing, answer, branches, earlier, session } = view
  const busy = isBusy(view)
  const entries = toEntries(shownMessages(view))

  const fork = async (atSeq: number): Promise<void> => {
    const id = await conversation.fork(atSeq, forkTitle(session.title))
    if (id !== undefined) router.push(`/c/${id}`)
  }

  const asked = entries.filter(({ kind }) => kind === 'question')
  /** Another version stands in the same place then, and its pager gets the focus that this one had. */
  const switchTo = async (branchId: string, place: number): Promise<void> => {
    const name = document.activeElement?.ariaLabel
    await conversation.switchTo(branchId)
    requestAnimationFrame(() => {
      const question = document.querySelectorAll('.log > .question')[place]
      const pager = [...(question?.querySelectorAll<HTMLButtonElement>('.versions button') ?? [])]
      const open = pager.filter(({ disabled }) => !disabled)
      const next = open.find(({ ariaLabel }) => ariaLabel === name) ?? open[0]
      next?.focus()
    })
  }

  const draw = (entry: Entry, isLast: boolean) => {
    if (entry.kind === 'question') {
      const { seq, id } = entry.message
      const before = seqBefore(view, seq)
      return (
        <Question
          key={entry.key}
          message={entry.message}
          versions={
            branches === undefined || before === undefined ? undefined : versionsOf(branches, seq, before)
          }
          isBusy={busy}
          isEditing={editing === id}
          onEdit={(isEditing) => onEdit(isEditing ? id : undefined)}
          onSave={(text) => {
            onEdit(undefined)
            void conversation.sayAnew(seq, text)
          }}
          onSwitch={(branchId) => void switchTo(branchId, asked.indexOf(entry))}
        />
      )
    }
    const { question, messages } = entry
    const again =
      question === undefined ? undefined : () => void conversation.sayAnew(question.seq, textOf(question))
    return (
      <Answer
        key={entry.key}
        messages={messages}
        isBusy={busy}
        onAgain={again}
        onFork={() => void fork(messages.at(-1)!.seq)}
        onRetry={
          isLast && question !== undefined && !busy && messages.at(-1)?.status === 'failed'
            ? () => conversation.answerFailed(question.id, textOf(question))
            : undefined
        }
      />
    )
  }

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
      {entries.length === 0 && outgoing === undefined && answer === undefined ? (
        <p className="lead clean-sheet">
          A clean sheet. What is in the cart and what you like are still known.
        </p>
      ) : undefined}
      <ol className="log">
        {entries.map((entry, index) => draw(entry, index === entries.length - 1))}
        {outgoing === undefined ||
        entries.some((entry) => entry.kind === 'question' && entry.key === outgoing.id) ? undefined : (
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
