import { type Message, type MessagePart, type Session, textOf } from '@sessions/core'
import { type Bar, chart } from '../charts.js'
import { bytes, count, duration, json, moment, shortened } from '../format.js'
import { markup, type Html } from '../markup.js'
import type { Look } from '../options.js'
import { besideSession } from '../side-records.js'
import { contextView } from './context.js'
import { sessionPath } from './session-list.js'
import { turnsView } from './turns.js'

const pageSize = 50

const tabs = [
  ['', 'Messages'],
  ['/context', 'Context'],
  ['/turns', 'Turns'],
  ['/contents', 'Contents'],
] as const

/** One session: what was said, what the model sees, its turns, and everything else that it holds. */
export async function sessionPage(look: Look, id: string, tab: string): Promise<Html | undefined> {
  const view = Object.hasOwn(views, tab) ? views[tab] : undefined
  const session = view === undefined ? undefined : await look.sessions.for(look.identity).find(id)
  if (session === undefined) return undefined
  const { record } = session
  const body = await view!(look, session)
  return markup`<p class="fine"><a href="${look.basePath}/sessions">Sessions</a></p>
    <h1 dir="auto">${record.title ?? record.id}</h1>
    <dl class="facts">
      <div>
        <dt>Id</dt>
        <dd><code>${record.id}</code></dd>
      </div>
      <div>
        <dt>User</dt>
        <dd>${record.userId ?? 'guest'}</dd>
      </div>
      ${
        record.label !== undefined &&
        markup`<div>
          <dt>Label</dt>
          <dd>${record.label}</dd>
        </div>`
      }
      <div>
        <dt>Made</dt>
        <dd>${moment(record.createdAt)}</dd>
      </div>
      <div>
        <dt>Written</dt>
        <dd>${moment(record.updatedAt)}</dd>
      </div>
      <div>
        <dt>Ends</dt>
        <dd>${moment(record.expiresAt)}</dd>
      </div>
      <div>
        <dt>Messages</dt>
        <dd>${count(record.lastSeq - record.trimmedSeq)}, ${bytes(record.bytes)}</dd>
      </div>
      <div>
        <dt>Revision</dt>
        <dd>${count(record.revision)}, ${count(record.changes)} changes</dd>
      </div>
    </dl>
    <nav class="tabs" aria-label="Parts of the session">
      <ul>
        ${tabs.map(
          ([path, label]) =>
            markup`<li>
              <a
                href="${sessionPath(look, id)}${path}"
                ${path === (tab === '' ? '' : `/${tab}`) && markup` aria-current="page"`}
                >${label}</a
              >
            </li>`,
        )}
      </ul>
    </nav>
    ${body}`
}

const views: Readonly<Record<string, (look: Look, session: Session) => Promise<Html>>> = {
  '': messagesView,
  context: contextView,
  turns: turnsView,
  contents: contentsView,
}

async function messagesView(look: Look, session: Session): Promise<Html> {
  const before = Number(look.url.searchParams.get('before') ?? Number.NaN)
  const page = await session.history({
    limit: pageSize,
    ...(before >= 1 ? { before: Math.floor(before) } : {}),
  })
  const { messages } = page
  if (messages.length === 0)
    return markup`<h2>Messages</h2>
      <p class="none">Nothing was said.</p>`
  const drawn = await chart({
    title: 'Tokens of these messages',
    unit: 'tokens',
    places: messages.map(({ seq }) => String(seq)),
    bars: messages.map(({ seq, role, tokens }): Bar => ({ at: String(seq), part: role, value: tokens })),
  })
  const path = sessionPath(look, session.id)
  return markup`<h2>Messages</h2>
    ${page.before !== undefined && markup`<p class="more"><a class="button" href="${path}?before=${page.before}">Earlier</a></p>`}
    <ol class="messages">
      ${messages.map(messageView)}
    </ol>
    ${page.after !== undefined && markup`<p class="more"><a class="button" href="${path}">Newest</a></p>`}
    ${drawn}`
}

/** A message, as far as a page shows it. */
function messageView(message: Message): Html {
  const { seq, role, name, at, tokens, status, content, metadata } = message
  const parts = typeof content === 'string' ? [] : content.filter(({ type }) => type !== 'text')
  const text = textOf(message)
  return markup`<li id="m${seq}" class="message ${role}">
    <article aria-label="Message ${seq}, ${role}">
      <p class="fine">
        <strong>${role}</strong>${name !== undefined && markup` ${name}`} ${moment(at)} · ${count(tokens)}
        tokens · ${seq}${status !== 'completed' && markup` · <strong class="ill">${status}</strong>`}
      </p>
      ${text !== '' && markup`<p class="text" dir="auto">${shortened(text)}</p>`} ${parts.map(partView)}
      ${
        metadata !== undefined &&
        markup`<details>
          <summary>Metadata<span class="hidden"> of message ${seq}</span></summary>
          ${block(metadata, `Metadata of message ${seq}`)}
        </details>`
      }
    </article>
  </li>`
}

const partView = (part: MessagePart): Html =>
  markup`<details>
    <summary>${part.type}</summary>
    ${block(part, part.type)}
  </details>`

const block = (value: unknown, name: string): Html =>
  markup`<pre tabindex="0" role="group" aria-label="${name}">${json(value)}</pre>`

async function contentsView(look: Look, session: Session): Promise<Html> {
  const [contents, info, beside] = await Promise.all([
    session.read(),
    session.info(),
    besideSession(look, session.record),
  ])
  const { state, preferences, cart, orders, facts, summaries, branches, path, lineage } = contents
  const held = { state, preferences, cart, orders, facts, summaries, branches, path, lineage }
  const topics = await chart({
    title: 'Topics of the user',
    unit: 'messages',
    places: info.topics.map(({ word }) => word),
    bars: info.topics.map(({ word, count: value }) => ({ at: word, value })),
    isLying: true,
  })
  return markup`<h2>Contents</h2>
    <dl class="tiles">
      <div>
        <dt>Lasted</dt>
        <dd>${duration(info.durationMs)}</dd>
      </div>
      <div>
        <dt>Tokens</dt>
        <dd>${count(info.tokens)}</dd>
      </div>
      <div>
        <dt>In the cart</dt>
        <dd>${count(info.cart.itemCount)}</dd>
      </div>
      <div>
        <dt>Orders</dt>
        <dd>${count(info.orders)}</dd>
      </div>
    </dl>
    ${topics}
    <section aria-labelledby="held">
      <h2 id="held">What it holds</h2>
      ${Object.entries(held)
        .filter(([, value]) => value !== undefined)
        .map(
          ([name, value]) =>
            markup`<details>
              <summary>
                ${name} <span class="fine">${bytes(Buffer.byteLength(JSON.stringify(value)))}</span>
              </summary>
              ${block(value, name)}
            </details>`,
        )}
    </section>
    ${
      beside.length > 0 &&
      markup`<section aria-labelledby="beside">
        <h2 id="beside">What is kept beside it</h2>
        <table>
          <thead>
            <tr>
              <th scope="col">Records</th>
              <th scope="col" class="number">How many</th>
              <th scope="col" class="number">Size</th>
            </tr>
          </thead>
          <tbody>
            ${beside.map(
              ({ kind, records, bytes: size, isMore }) =>
                markup`<tr>
                  <th scope="row">${kind}</th>
                  <td class="number">${count(records)}${isMore && ' or more'}</td>
                  <td class="number">${bytes(size)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </section>`
    }`
}
