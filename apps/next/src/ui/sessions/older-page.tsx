import { StoreUnavailable } from '../desk/store-unavailable.tsx'
import { readList } from '../reading.ts'
import { titleOf } from './title.ts'

/** Older conversations, as a page. */
export async function OlderPage({ cursor }: { cursor: string }) {
  const list = await readList(cursor)
  if (list.status !== 'ok') return <StoreUnavailable href="/" />
  const { sessions, cursor: next } = list.value
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page">
        <h1>Older conversations</h1>
        <ul className="plain-list">
          {sessions.map((session) => (
            <li key={session.id}>
              <a href={`/c/${session.id}`}>
                <bdi>{titleOf(session)}</bdi>
              </a>
              <small>{session.updatedAt.slice(0, 10)}</small>
            </li>
          ))}
        </ul>
        <p>
          {next === undefined ? undefined : <a href={`/?older=${encodeURIComponent(next)}`}>Older still</a>}
          <a href="/">Back to the beginning</a>
        </p>
      </div>
    </main>
  )
}
