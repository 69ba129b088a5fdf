import { headers } from 'next/headers'
import { guestOf } from '../../server/caller.ts'
import { searchSessions } from '../../server/search.ts'
import { StoreUnavailable } from '../desk/store-unavailable.tsx'
import { reading } from '../reading.ts'
import { titleOf } from './title.ts'

/** The results of a search as a page; with JavaScript, the list shows them during typing. */
export async function FoundPage({ query }: { query: string }) {
  const found = await reading(async () => searchSessions(guestOf({ headers: await headers() }), query))
  if (found.status !== 'ok') return <StoreUnavailable href={`/?q=${encodeURIComponent(query)}`} />
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page">
        <h1>About “{query}”</h1>
        {found.value.length === 0 ? (
          <p className="lead">Nothing was found. All the words have to be in one message, or in the title.</p>
        ) : (
          <ul className="plain-list">
            {found.value.map((session) => (
              <li key={session.id}>
                <a href={`/c/${session.id}`}>{titleOf(session)}</a>
                {session.snippet === undefined ? undefined : <small>{session.snippet}</small>}
              </li>
            ))}
          </ul>
        )}
        <p>
          <a href="/">Back to the beginning</a>
        </p>
      </div>
    </main>
  )
}
