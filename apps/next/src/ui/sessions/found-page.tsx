import { headers } from 'next/headers'
import { guestOf } from '../../server/caller.ts'
import { searchSessions } from '../../server/search.ts'
import { StoreUnavailable } from '../desk/store-unavailable.tsx'
import { reading } from '../reading.ts'
import { MarkedText } from './marked-text.tsx'
import { titleOf } from './title.ts'

export interface FoundPageProps {
  readonly query: string
  /** Where it goes on (default: at the beginning). */
  readonly cursor?: string
}

/** The results of a search as a page; with JavaScript, the list shows them during typing. */
export async function FoundPage({ query, cursor }: FoundPageProps) {
  const path = `/?q=${encodeURIComponent(query)}`
  const found = await reading(async () =>
    searchSessions(guestOf({ headers: await headers() }), query, cursor),
  )
  if (found.status !== 'ok') return <StoreUnavailable href={path} what="search" />
  const { sessions, cursor: next, complete } = found.value
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page">
        <h1>About “{query}”</h1>
        {sessions.length === 0 ? (
          <p className="lead">
            Nothing was found{next === undefined ? '' : ' so far'}. All the words have to be in one message,
            or in the title.
          </p>
        ) : (
          <ul className="plain-list">
            {sessions.map((session) => (
              <li key={session.id}>
                <a href={`/c/${session.id}`}>
                  <bdi>
                    {session.marked === undefined ? titleOf(session) : <MarkedText {...session.marked} />}
                  </bdi>
                </a>
                {session.snippet === undefined ? undefined : (
                  <small dir="auto">
                    <MarkedText {...session.snippet} />
                  </small>
                )}
              </li>
            ))}
          </ul>
        )}
        {complete ? undefined : <p>There may be more than this: not all conversations were searched.</p>}
        <p>
          {next === undefined ? undefined : (
            <a href={`${path}&further=${encodeURIComponent(next)}`}>Search further</a>
          )}
          <a href="/">Back to the beginning</a>
        </p>
      </div>
    </main>
  )
}
