'use client'

import Link from 'next/link'
import { usePathname, useRouter } from 'next/navigation'
import { useState } from 'react'
import { useClock } from '../clock.ts'
import { useDesk } from '../desk/desk-context.ts'
import { ThemeSwitch, type ThemeChoice } from '../desk/theme-switch.tsx'
import { Icon } from '../icons.tsx'
import type { ListView } from '../reading.ts'
import type { SessionView } from '../wire.ts'
import { groupByDay } from './days.ts'
import { DeleteDialog } from './delete-dialog.tsx'
import { FoundList } from './found-list.tsx'
import { SessionRow } from './session-row.tsx'
import { useSearch } from './use-search.ts'
import { useSessionList } from './use-session-list.ts'

export interface SidebarProps {
  readonly first: ListView
  readonly isUnavailable: boolean
  readonly theme: ThemeChoice
}

/** The list of conversations, and the search. */
export function Sidebar({ first, isUnavailable, theme }: SidebarProps) {
  const { sheet, searchField, closeSheet, newChat, showShortcuts } = useDesk()
  const list = useSessionList(first, isUnavailable)
  const pathname = usePathname()
  const router = useRouter()
  const [query, setQuery] = useState('')
  const search = useSearch(query)
  const [deleting, setDeleting] = useState<SessionView>()

  return (
    <nav className="sidebar" aria-label="Conversations" data-open={sheet === 'list'} id="conversations">
      <div className="sidebar-head">
        <Link href="/" className="wordmark" prefetch={false} onClick={closeSheet}>
          Blotter
        </Link>
        <button
          type="button"
          className="icon-button sheet-only"
          aria-label="Close the list"
          onClick={closeSheet}
        >
          <Icon name="close" />
        </button>
      </div>
      <form
        action="/"
        className="new-chat"
        onSubmit={(event) => {
          event.preventDefault()
          newChat()
        }}
      >
        <button type="submit" title="New chat (Ctrl+Shift+O)">
          <Icon name="plus" />
          New chat
        </button>
      </form>
      <form
        action="/"
        role="search"
        className="search"
        onSubmit={(event) => {
          event.preventDefault()
          const [best] = search.found ?? []
          if (query.trim() === '') return
          router.push(best === undefined ? `/?q=${encodeURIComponent(query)}` : `/c/${best.id}`)
          closeSheet()
        }}
      >
        <input
          ref={searchField}
          type="search"
          name="q"
          aria-label="Search conversations"
          placeholder="Search"
          autoComplete="off"
          maxLength={200}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || query === '') return
            event.preventDefault()
            setQuery('')
          }}
        />
        <kbd aria-hidden="true">Ctrl K</kbd>
      </form>
      <div className="sidebar-list">
        {search.found === undefined ? (
          <Days list={list} pathname={pathname} onOpen={closeSheet} onDelete={setDeleting} />
        ) : (
          <FoundList search={search} onOpen={closeSheet} />
        )}
      </div>
      <div className="sidebar-foot">
        <ThemeSwitch initial={theme} />
        <a
          className="icon-button"
          href="/privacy"
          aria-label="What we keep of you"
          title="What we keep of you"
        >
          <Icon name="kept" />
        </a>
        <button type="button" className="icon-button" aria-label="Keyboard shortcuts" onClick={showShortcuts}>
          <span aria-hidden="true">?</span>
        </button>
      </div>
      {deleting === undefined ? undefined : (
        <DeleteDialog
          session={deleting}
          onClose={() => setDeleting(undefined)}
          onDeleted={() => {
            setDeleting(undefined)
            if (pathname === `/c/${deleting.id}`) router.push('/')
          }}
        />
      )}
    </nav>
  )
}

interface DaysProps {
  readonly list: ReturnType<typeof useSessionList>
  readonly pathname: string
  readonly onOpen: () => void
  readonly onDelete: (session: SessionView) => void
}

function Days({ list, pathname, onOpen, onDelete }: DaysProps) {
  const { now, timeZone } = useClock()
  const { sessions, cursor, problem, loadMore } = list
  return (
    <>
      {problem === undefined ? undefined : <p className="list-note">{problem}</p>}
      {sessions.length === 0 && problem === undefined ? (
        <p className="list-note">Nothing here yet. What you talk about is kept, and shows up in this list.</p>
      ) : undefined}
      {groupByDay(sessions, now, timeZone).map(({ title, sessions: members }) => (
        <section key={title} className="day">
          <h2>{title}</h2>
          <ul>
            {members.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                isCurrent={pathname === `/c/${session.id}`}
                onOpen={onOpen}
                onDelete={() => onDelete(session)}
              />
            ))}
          </ul>
        </section>
      ))}
      {cursor === undefined ? undefined : (
        <a
          href={`/?older=${encodeURIComponent(cursor)}`}
          className="text-button older"
          onClick={(event) => {
            event.preventDefault()
            loadMore()
          }}
        >
          Older conversations
        </a>
      )}
    </>
  )
}
