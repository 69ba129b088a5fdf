import {
  isJsonObject,
  isSessionError,
  type JsonObject,
  type Message,
  type Session,
  type TurnEvent,
} from '@sessions/core'
import { chart } from '../charts.js'
import { count, duration, json, moment } from '../format.js'
import { markup, type Html } from '../markup.js'
import type { Look } from '../options.js'
import { sessionPath } from './session-list.js'

const pageSize = 200
const mostEvents = 500
// A turn that is going on says nothing for a while: what it has said so far is shown.
const quietMs = 300

interface TurnRow {
  readonly id: string
  readonly message: Message
  readonly turn: JsonObject
}

/** The turns of a session, with what each used, and the events of one of them. */
export async function turnsView(look: Look, session: Session): Promise<Html> {
  const [{ messages }, current] = await Promise.all([
    session.history({ limit: pageSize }),
    session.currentTurn(),
  ])
  const turns = messages.flatMap((message): TurnRow[] => {
    const turn = message.metadata?.['turn']
    if (!isJsonObject(turn) || typeof turn['id'] !== 'string') return []
    return [{ id: turn['id'], message, turn }]
  })
  const wanted = look.url.searchParams.get('turn') ?? current
  const path = `${sessionPath(look, session.id)}/turns`
  const numberOf = (turn: JsonObject, name: string) => (typeof turn[name] === 'number' ? turn[name] : 0)
  const drawn = await chart({
    title: 'How long answers took',
    unit: 'seconds',
    places: turns.map(({ message }) => String(message.seq)),
    bars: turns.flatMap(({ message: { seq }, turn }) => {
      const first = Math.min(numberOf(turn, 'firstTokenMs'), numberOf(turn, 'durationMs'))
      return [
        { at: String(seq), part: 'until the first word', value: first / 1000 },
        {
          at: String(seq),
          part: 'until the last word',
          value: (numberOf(turn, 'durationMs') - first) / 1000,
        },
      ]
    }),
    tell: (value) => `${value.toLocaleString('en-US', { maximumSignificantDigits: 3 })} s`,
  })
  return markup`<h2>Turns</h2>
    ${
      current !== undefined &&
      markup`<p>
        Turn <a href="${turnPath(path, current)}"><code>${current}</code></a> is going on.
      </p>`
    }
    ${turns.length === 0 ? markup`<p class="none">No turn is among the newest messages.</p>` : markup`${drawn}${table(path, turns)}`}
    ${wanted !== undefined && wanted !== null && (await eventsOf(session, wanted))}`
}

// An application writes what it likes into metadata: half a character is no address, and fails no page.
const turnPath = (path: string, turn: string): string => `${path}?${new URLSearchParams({ turn }).toString()}`

function table(path: string, turns: readonly TurnRow[]): Html {
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Turns">
    <table class="stacking">
      <thead>
        <tr>
          <th scope="col">Reply</th>
          <th scope="col">When</th>
          <th scope="col">End</th>
          <th scope="col">Model</th>
          <th scope="col" class="number">Took</th>
          <th scope="col" class="number">Tokens in</th>
          <th scope="col" class="number">Tokens out</th>
        </tr>
      </thead>
      <tbody>
        ${turns.toReversed().map(({ id, message, turn }) => {
          const usage = isJsonObject(turn['usage']) ? turn['usage'] : {}
          const end = endOf(message, turn)
          return markup`<tr>
            <th scope="row"><a href="${turnPath(path, id)}">Message ${message.seq}</a></th>
            <td data-name="When">${moment(message.at)}</td>
            <td data-name="End">${end}</td>
            <td data-name="Model">
              ${typeof usage['model'] === 'string' ? usage['model'] : markup`<span class="none">not told</span>`}
            </td>
            <td data-name="Took" class="number">
              ${typeof turn['durationMs'] === 'number' ? duration(turn['durationMs']) : ''}
            </td>
            <td data-name="Tokens in" class="number">${count(Number(usage['inputTokens'] ?? 0))}</td>
            <td data-name="Tokens out" class="number">${count(Number(usage['outputTokens'] ?? 0))}</td>
          </tr>`
        })}
      </tbody>
    </table>
  </div>`
}

/** How a turn ended, in one word. */
function endOf({ status }: Message, turn: JsonObject): string {
  if (turn['reused'] === true) return 'reused'
  const said = [turn['reason'], turn['code'], turn['finishReason']].find((word) => typeof word === 'string')
  return said ?? status
}

async function eventsOf(session: Session, turnId: string): Promise<Html> {
  const { events, isOpen } = await eventsSoFar(session, turnId)
  const shown =
    events.length === 0
      ? markup`<p class="none">Its events are not kept any more; the reply is among the messages.</p>`
      : markup`<ol class="events">
          ${events.map(
            (event) =>
              markup`<li>
                <details>
                  <summary><span class="number">${event.n}</span> ${event.type}</summary>
                  <pre tabindex="0" role="group" aria-label="Event ${event.n}">${json(event)}</pre>
                </details>
              </li>`,
          )}
        </ol>`
  return markup`<section aria-labelledby="events">
    <h2 id="events">Events of the turn <code>${turnId}</code></h2>
    ${shown} ${isOpen && markup`<p class="fine">It goes on: load the page again to see more.</p>`}
  </section>`
}

/** The events that a turn has had by now. */
async function eventsSoFar(session: Session, turnId: string) {
  const events: TurnEvent[] = []
  const source = session.watchTurn(turnId)
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    while (events.length < mostEvents) {
      const quiet = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), quietMs)
      })
      const next = source.next()
      next.catch(() => {})
      const event = await Promise.race([next, quiet])
      clearTimeout(timer)
      if (event === undefined) return { events, isOpen: true }
      if (event.done === true) return { events, isOpen: false }
      events.push(event.value)
    }
    return { events, isOpen: true }
  } catch (error) {
    if (isSessionError(error, 'not_found') || isSessionError(error, 'invalid'))
      return { events, isOpen: false }
    throw error
  } finally {
    clearTimeout(timer)
    void source.return(undefined)
  }
}
