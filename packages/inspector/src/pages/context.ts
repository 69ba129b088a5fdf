import { type Message, type Session, textOf } from '@sessions/core'
import { chart } from '../charts.js'
import { count, shortened } from '../format.js'
import { markup, type Html } from '../markup.js'
import type { Look } from '../options.js'

/** What a message says, part by part, and of one without text its parts. */
function textView({ content }: Pick<Message, 'content'>): Html {
  const parts = typeof content === 'string' ? [content] : content.map((part) => textOf({ content: [part] }))
  const text = parts.filter((part) => part !== '').join('\n\n') || JSON.stringify(content)
  return markup`<p class="text" dir="auto">${shortened(text)}</p>`
}

/** The context as a model would get it now. Looking changes nothing. */
export async function contextView(look: Look, session: Session): Promise<Html> {
  const asked = Number(look.url.searchParams.get('tokens') ?? look.maxTokens)
  const maxTokens = Number.isInteger(asked) && asked >= 100 && asked <= 10_000_000 ? asked : look.maxTokens
  const query = look.url.searchParams.get('query') ?? ''
  const { messages, tokens, report } = await session.context({
    maxTokens,
    remember: false,
    include: ['preferences', 'cart', 'state'],
    ...(query === '' ? {} : { query }),
    ...(look.system === undefined ? {} : { system: look.system }),
  })
  const parts = Object.entries(report.tokens).filter(([, value]) => value > 0)
  const drawn = await chart({
    title: 'Tokens by part',
    unit: 'tokens',
    places: parts.map(([part]) => part),
    bars: parts.map(([part, value]) => ({ at: part, value })),
    isLying: true,
  })
  return markup`<h2>Context</h2>
    <form class="filters" method="get">
      <label
        >Room in tokens <input name="tokens" type="number" min="100" max="10000000" value="${maxTokens}"
      /></label>
      <label>Question <input name="query" value="${query}" maxlength="500" /></label>
      <button>Show</button>
    </form>
    <dl class="tiles">
      <div>
        <dt>Tokens</dt>
        <dd>${count(tokens)}</dd>
      </div>
      <div>
        <dt>Strategy</dt>
        <dd>${report.strategy}</dd>
      </div>
      <div>
        <dt>Messages</dt>
        <dd>${count(messages.length)}</dd>
      </div>
      <div>
        <dt>The same as before</dt>
        <dd>${count(report.prefixTokens)} tokens</dd>
      </div>
    </dl>
    ${drawn}
    ${
      report.dropped.length > 0 &&
      markup`<section aria-labelledby="dropped">
        <h2 id="dropped">Left out</h2>
        <ul class="plain">
          ${report.dropped.map(
            ({ from, to, messages: left, why }) =>
              markup`<li>Messages ${from} to ${to}: ${count(left)}, ${why}</li>`,
          )}
        </ul>
      </section>`
    }
    <section aria-labelledby="sent">
      <h2 id="sent">What the model sees</h2>
      <ol class="messages">
        ${messages.map(
          (message, index) =>
            markup`<li class="message ${message.role}">
              <article aria-label="Part ${index + 1}, ${message.part}">
                <p class="fine">
                  <strong>${message.role}</strong> ${message.part} · ${count(message.tokens)}
                  tokens${message.seq !== undefined && markup` · ${message.seq}`}
                </p>
                ${textView(message)}
              </article>
            </li>`,
        )}
      </ol>
    </section>`
}
