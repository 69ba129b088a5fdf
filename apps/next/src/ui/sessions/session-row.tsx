'use client'

import Link, { useLinkStatus } from 'next/link'
import { useEffect, useRef, useState } from 'react'
import { call } from '../api-client.ts'
import { Icon } from '../icons.tsx'
import { Menu } from '../menu.tsx'
import { sayProblem } from '../problem.ts'
import type { SessionView } from '../wire.ts'
import { announceChange } from './changes.ts'
import { titleOf } from './title.ts'

export interface SessionRowProps {
  readonly session: SessionView
  readonly isCurrent: boolean
  readonly onOpen: () => void
  readonly onDelete: () => void
}

/** One conversation of the list: a link, and its actions. */
export function SessionRow({ session, isCurrent, onOpen, onDelete }: SessionRowProps) {
  const [isRenaming, setRenaming] = useState(false)
  const title = titleOf(session)
  return (
    <li className={isCurrent ? 'row current' : 'row'}>
      {isRenaming ? (
        <RenameField session={session} onDone={() => setRenaming(false)} />
      ) : (
        <>
          <Link
            href={`/c/${session.id}`}
            prefetch={false}
            className="row-link"
            aria-current={isCurrent ? 'page' : undefined}
            title={title}
            onClick={onOpen}
          >
            <RowTitle title={title} />
          </Link>
          <Menu
            label={`More about “${title}”`}
            icon={<Icon name="more" />}
            items={[
              { label: 'Rename conversation', onSelect: () => setRenaming(true) },
              { label: 'Delete conversation', onSelect: onDelete, isDangerous: true },
            ]}
          />
        </>
      )}
    </li>
  )
}

/** Dimmed while its conversation is loading. */
function RowTitle({ title }: { title: string }) {
  const { pending } = useLinkStatus()
  return <bdi data-pending={pending}>{title}</bdi>
}

export interface RenameFieldProps {
  readonly session: Pick<SessionView, 'id' | 'title'>
  readonly onDone: () => void
}

/** Renames in place: Enter or leaving the field keeps the new name, Escape the old one. */
export function RenameField({ session, onDone }: RenameFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  const isOver = useRef(false)
  const [problem, setProblem] = useState<string>()
  useEffect(() => field.current?.select(), [])

  useEffect(() => {
    const place = field.current?.closest('header, li')
    // The field is gone then, and the focus with it: it goes on beside where the field was.
    return () => {
      if (document.activeElement !== document.body) return
      place?.querySelector<HTMLElement>('.menu > button')?.focus()
    }
  }, [])

  const keep = async (): Promise<void> => {
    const title = field.current?.value.trim() ?? ''
    if (isOver.current) return
    isOver.current = true
    if (title === '' || title === session.title) return onDone()
    try {
      await call('PATCH', `/sessions/${session.id}`, { body: { title } })
      announceChange()
      onDone()
    } catch (error) {
      isOver.current = false
      setProblem(sayProblem(error))
    }
  }

  return (
    <form
      className="rename"
      onSubmit={(event) => {
        event.preventDefault()
        void keep()
      }}
    >
      <input
        ref={field}
        aria-label="Title"
        dir="auto"
        defaultValue={session.title ?? ''}
        maxLength={200}
        autoFocus
        autoComplete="off"
        aria-invalid={problem !== undefined}
        title={problem}
        onBlur={() => void keep()}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.preventDefault()
          isOver.current = true
          onDone()
        }}
      />
    </form>
  )
}
