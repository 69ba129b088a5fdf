import { bytes, count, duration, moment } from '../format.js'
import { healthOf } from '../health.js'
import { markup, type Html } from '../markup.js'
import type { Look } from '../options.js'
import { sessionTable } from './session-list.js'

const newest = 10

/** What an operator looks at first: whether all is well, and who was here. */
export async function overviewPage(look: Look): Promise<Html> {
  const mine = look.sessions.for(look.identity)
  const [health, { items }, total] = await Promise.all([
    healthOf(look),
    mine.list({ limit: newest }),
    mine.count({ atMost: 10_000 }),
  ])
  const messages = items.reduce((sum, { lastSeq, trimmedSeq }) => sum + lastSeq - trimmedSeq, 0)
  return markup`<h1>Overview</h1>
    <dl class="tiles">
      <div>
        <dt>Live sessions</dt>
        <dd>${total === 10_000 ? '10,000 or more' : count(total)}</dd>
      </div>
      <div>
        <dt>Last activity</dt>
        <dd>${moment(items[0]?.updatedAt)}</dd>
      </div>
      <div>
        <dt>Messages in the last ${count(items.length)}</dt>
        <dd>${count(messages)}</dd>
      </div>
      <div>
        <dt>Text in the last ${count(items.length)}</dt>
        <dd>${bytes(items.reduce((sum, item) => sum + item.bytes, 0))}</dd>
      </div>
    </dl>
    <section aria-labelledby="health">
      <h2 id="health">Health</h2>
      ${
        health.length === 0
          ? markup`<p class="none">The inspector was given neither store nor bus.</p>`
          : markup`<ul class="health">
              ${health.map(
                ({ name, isWell, ms, problem }) =>
                  markup`<li class="${isWell ? 'well' : 'ill'}">
                    <strong>${name}</strong>
                    ${isWell ? markup`answers in ${duration(ms)}` : markup`does not answer: ${problem}`}
                  </li>`,
              )}
            </ul>`
      }
    </section>
    <section aria-labelledby="newest">
      <h2 id="newest">Last active</h2>
      ${sessionTable(look, items)}
    </section>`
}
