import { bytes, count, duration, moment } from '../format.js'
import { markup, type Html } from '../markup.js'
import type { Look } from '../options.js'
import { sessionTable } from './session-list.js'

const newest = 10

/** What an operator looks at first: whether all is well, and who was here. */
export async function overviewPage(look: Look): Promise<Html> {
  const health = await look.sessions.health()
  return markup`<h1>Overview</h1>
    <section aria-labelledby="health">
      <h2 id="health">Health</h2>
      ${healthList(health)}
    </section>
    ${health.store.ok && (await newestSessions(look))}`
}

function healthList({ store, bus, isClosing }: Awaited<ReturnType<Look['sessions']['health']>>): Html {
  return markup`<ul class="health">
    <li class="${store.ok ? 'well' : 'ill'}">
      <strong>Store</strong>
      ${store.ok ? markup`answers in ${duration(store.latencyMs)}` : markup`does not answer: ${store.code}`}
    </li>
    ${
      bus !== undefined &&
      markup`<li class="${bus.ok ? 'well' : 'ill'}">
        <strong>Bus</strong>
        ${bus.ok ? 'brings what other processes tell' : 'is down: watchers see changes late'}
      </li>`
    }
    ${isClosing && markup`<li class="ill"><strong>Service</strong> is closing</li>`}
  </ul>`
}

async function newestSessions(look: Look): Promise<Html> {
  const mine = look.sessions.for(look.identity)
  const [{ items }, total] = await Promise.all([mine.list({ limit: newest }), mine.count({ atMost: 10_000 })])
  const messages = items.reduce((sum, { lastSeq, trimmedSeq }) => sum + lastSeq - trimmedSeq, 0)
  return markup`<dl class="tiles">
      <div>
        <dt>Live sessions</dt>
        <dd>${total === 10_000 ? '10,000 or more' : count(total)}</dd>
      </div>
      <div>
        <dt>Last activity</dt>
        <dd>${moment(items[0]?.updatedAt)}</dd>
      </div>
      <div>
        <dt>Messages in those below</dt>
        <dd>${count(messages)}</dd>
      </div>
      <div>
        <dt>Text in those below</dt>
        <dd>${bytes(items.reduce((sum, item) => sum + item.bytes, 0))}</dd>
      </div>
    </dl>
    <section aria-labelledby="newest">
      <h2 id="newest">Last active</h2>
      ${sessionTable(look, items)}
    </section>`
}
