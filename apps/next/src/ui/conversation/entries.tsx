'use client'

import { useRouter } from 'next/navigation'
import { memo } from 'react'
import { forkTitle } from '../sessions/title.ts'
import type { BranchesView, MessageView } from '../wire.ts'
import { Answer } from './answer.tsx'
import { versionsOf } from './branches.ts'
import type { Conversation } from './conversation.ts'
import { type Entry, toEntries } from './exchanges.ts'
import { textOf } from './pieces.ts'
import { Question } from './question.tsx'
import { seqBefore } from './reducer.ts'

export interface EntriesProps {
  readonly conversation: Conversation
  /** Those that are shown, oldest first: the same array while they are the same. */
  readonly messages: readonly MessageView[]
  /** The cursor of older messages; undefined at the beginning. */
  readonly earlier: number | undefined
  readonly branches: BranchesView | undefined
  readonly title: string | undefined
  readonly isBusy: boolean
  /** The message of the user that is being edited. */
  readonly editing: string | undefined
  /** The same function each time. */
  readonly onEdit: (messageId: string | undefined) => void
}

/** The entries that are in the log. They are drawn again when they change, not with each word of a new answer. */
export const Entries = memo(function Entries(props: EntriesProps) {
  const { conversation, messages, branches, title, isBusy, editing, onEdit } = props
  const router = useRouter()
  const entries = toEntries(messages)
  const asked = entries.filter(({ kind }) => kind === 'question')

  const fork = async (atSeq: number): Promise<void> => {
    const id = await conversation.fork(atSeq, forkTitle(title))
    if (id !== undefined) router.push(`/c/${id}`)
  }

  const draw = (entry: Entry, isLast: boolean) => {
    if (entry.kind === 'question') {
      const { seq, id } = entry.message
      const before = seqBefore(props, seq)
      return (
        <Question
          key={entry.key}
          message={entry.message}
          versions={
            branches === undefined || before === undefined ? undefined : versionsOf(branches, seq, before)
          }
          isBusy={isBusy}
          isEditing={editing === id}
          onEdit={(isEditing) => onEdit(isEditing ? id : undefined)}
          onSave={(text) => {
            onEdit(undefined)
            void conversation.sayAnew(seq, text)
          }}
          onSwitch={(branchId) => void switchTo(conversation, branchId, asked.indexOf(entry))}
        />
      )
    }
    const { question, messages: said } = entry
    const again =
      question === undefined ? undefined : () => void conversation.sayAnew(question.seq, textOf(question))
    return (
      <Answer
        key={entry.key}
        messages={said}
        isBusy={isBusy}
        onAgain={again}
        onFork={() => void fork(said.at(-1)!.seq)}
        onRetry={
          isLast && question !== undefined && !isBusy && said.at(-1)?.status === 'failed'
            ? () => conversation.answerFailed(question.id, textOf(question))
            : undefined
        }
      />
    )
  }
  return entries.map((entry, index) => draw(entry, index === entries.length - 1))
})

/** Another version stands in the same place then, and its pager gets the focus that this one had. */
async function switchTo(conversation: Conversation, branchId: string, place: number): Promise<void> {
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
