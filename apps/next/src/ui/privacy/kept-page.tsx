import type { Clock } from '../clock.ts'
import { Problem, sayProblem } from '../problem.ts'
import { titleOf } from '../sessions/title.ts'
import { EraseForm } from './erase-form.tsx'
import { PurposeSwitch } from './purpose-switch.tsx'
import type { KeptView } from './reading.ts'
import { ReceiptNote } from './receipt-note.tsx'
import { RetentionList } from './retention-list.tsx'

export interface KeptPageProps {
  readonly view: KeptView
  readonly clock: Clock
  /** The code of what has just failed. */
  readonly problem: string | undefined
  /** The purpose on which was just decided, and in how many conversations that deleted something. */
  readonly decided: { readonly purpose: string; readonly removed: number } | undefined
}

/** “What we keep of you”: all of it is links and forms, and works without JavaScript. */
export function KeptPage({ view, clock, problem, decided }: KeptPageProps) {
  const { guest, purposes, list, receipt } = view
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page kept-page">
        <h1>What we keep of you</h1>
        <p className="lead">
          You are a guest here: a random name in a cookie, which stays for a year. We know nothing else about
          who you are. What you say is kept under that name, by this chat alone.
        </p>
        <div role="status">
          {problem === undefined ? undefined : (
            <p className="problem">{sayProblem(new Problem(problem))} Nothing was changed.</p>
          )}
        </div>
        {receipt === undefined ? undefined : <ReceiptNote receipt={receipt} clock={clock} />}

        <h2>What you allow</h2>
        <ul className="purposes">
          {purposes.map((purpose) => (
            <PurposeSwitch
              key={purpose.purpose}
              purpose={purpose}
              clock={clock}
              removed={decided?.purpose === purpose.purpose ? decided.removed : undefined}
            />
          ))}
        </ul>

        <h2>How long it is kept</h2>
        <RetentionList />

        <h2>Take it with you</h2>
        <p>
          <a className="button quiet" href={`/api/users/${guest}/export`} download>
            Download everything
          </a>
        </p>
        <p className="fine">
          A file of lines of JSON: what you allow, every conversation with its cart, its orders and all that
          was said. Another program can read it.
        </p>
        {list.sessions.length === 0 ? (
          <p>There is no conversation.</p>
        ) : (
          <>
            <p>One conversation, to read, as Markdown:</p>
            <ul className="plain-list">
              {list.sessions.map((session) => (
                <li key={session.id}>
                  <a href={`/api/sessions/${session.id}/export?format=markdown`} download>
                    <bdi>{titleOf(session)}</bdi>
                  </a>
                  <small>{session.updatedAt.slice(0, 10)}</small>
                </li>
              ))}
            </ul>
          </>
        )}
        {list.cursor === undefined ? undefined : (
          <p>
            <a href={`/privacy?older=${encodeURIComponent(list.cursor)}`}>Older conversations</a>
          </p>
        )}

        <h2>Delete everything</h2>
        <EraseForm />
        <p>
          <a href="/">Back to the conversations</a>
        </p>
      </div>
    </main>
  )
}
