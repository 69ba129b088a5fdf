'use client'

import type { MessageView } from '../wire.ts'
import { CopyButton } from '../copy-button.tsx'
import { timeOf, useClock } from '../clock.ts'
import { Problem, sayProblem } from '../problem.ts'
import { Markdown } from './markdown.tsx'
import { type Piece, piecesOf, textOf } from './pieces.ts'
import type { LiveAnswer } from './state.ts'
import { ToolLine } from './tool-line.tsx'

export interface AnswerProps {
  readonly messages: readonly [MessageView, ...MessageView[]]
  readonly isBusy: boolean
  /** Answers the question again; absent when there is no question. */
  readonly onAgain: (() => void) | undefined
  readonly onFork: () => void
  /** Asks again for an answer that failed. */
  readonly onRetry: (() => void) | undefined
}

/** A stored answer. */
export function Answer({ messages, isBusy, onAgain, onFork, onRetry }: AnswerProps) {
  const clock = useClock()
  const last = messages.at(-1)!
  const text = messages
    .filter(({ role }) => role === 'assistant')
    .map(textOf)
    .filter(Boolean)
    .join('\n\n')
  return (
    <li className="answer" data-message={last.id}>
      <span className="hidden">{last.role === 'system' ? 'Instruction: ' : 'Assistant: '}</span>
      <Pieces pieces={piecesOf(messages)} />
      <Ending message={last} onRetry={onRetry} />
      <div className="entry-actions">
        {text === '' ? undefined : <CopyButton text={text} />}
        {onAgain === undefined || onRetry !== undefined ? undefined : (
          <button
            type="button"
            className="text-button"
            aria-label="Answer again"
            disabled={isBusy}
            onClick={onAgain}
          >
            Answer again
          </button>
        )}
        <button type="button" className="text-button" onClick={onFork}>
          Fork from here
        </button>
        <time dateTime={last.createdAt}>{timeOf(last.createdAt, clock)}</time>
      </div>
    </li>
  )
}

/** An answer that is being written. */
export function WritingAnswer({ answer: { pieces, status, problem } }: { answer: LiveAnswer }) {
  const saying = status === 'stopping' ? 'Stopping …' : pieces.length === 0 ? 'Thinking …' : 'Writing …'
  return (
    <li className="answer writing" aria-busy="true">
      <span className="hidden">Assistant: </span>
      <Pieces pieces={pieces} />
      <p className="writing-line">
        {status === 'ended' ? (
          problem
        ) : (
          <>
            <span className="pen" aria-hidden="true" />
            {saying}
          </>
        )}
      </p>
    </li>
  )
}

function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return (
    <div className="prose" dir="auto">
      {pieces.map((piece, index) =>
        piece.type === 'text' ? (
          <Markdown key={index} text={piece.text} />
        ) : (
          <ToolLine key={index} piece={piece} />
        ),
      )}
    </div>
  )
}

const endings: Readonly<Record<string, string>> = {
  interrupted: 'Something else came up, and the answer ends here.',
  // The process that ran the turn has died.
  lost: 'The assistant broke off here.',
}

const endingOf = (reason: string): string =>
  (Object.hasOwn(endings, reason) ? endings[reason] : undefined) ?? 'You stopped it here.'

function Ending({ message, onRetry }: { message: MessageView; onRetry: (() => void) | undefined }) {
  if (message.status === 'completed') return undefined
  if (message.status === 'corrupt') return <p className="ending">This message cannot be read any more.</p>
  const turn = message.metadata?.['turn'] as { code?: string; error?: string; reason?: string } | undefined
  const why =
    message.status === 'failed'
      ? turn?.code === undefined
        ? 'The assistant broke off here.'
        : sayProblem(new Problem(turn.code, turn.error === undefined ? {} : { detail: turn.error }))
      : endingOf(turn?.reason ?? '')
  return (
    <p className="ending">
      {why}
      {onRetry !== undefined ? (
        <button type="button" className="text-button strong" onClick={onRetry}>
          Try again
        </button>
      ) : undefined}
    </p>
  )
}
