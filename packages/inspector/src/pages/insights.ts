import { type Bar, chart } from '../charts.js'
import { count } from '../format.js'
import { markup, type Html } from '../markup.js'
import { type Insights, dayOf, insightsOf } from '../insights.js'
import type { Look } from '../options.js'

const spans = [7, 30, 90] as const
const usualSpan = 30
// As many currencies as there are colours.
const mostCurrencies = 3

/** What happened in the sessions of the tenant, in charts. */
export async function insightsPage(look: Look, now: number): Promise<Html> {
  const asked = Number(look.url.searchParams.get('days') ?? usualSpan)
  const span = spans.find((days) => days === asked) ?? usualSpan
  const mine = look.sessions.for(look.identity)
  const insights = await insightsOf({ sessions: look.sessions, mine, now }, span)
  const { usage } = insights
  const costs = Object.entries(usage?.total.costs ?? {})
  return markup`<h1>Insights</h1>
    <nav class="tabs" aria-label="Time">
      <ul>
        ${spans.map(
          (days) =>
            markup`<li>
              <a href="${look.basePath}/insights?days=${days}" ${days === span && markup` aria-current="page"`}
                >${days} days</a
              >
            </li>`,
        )}
      </ul>
    </nav>
    <dl class="tiles">
      <div>
        <dt>Sessions that began</dt>
        <dd>${count(insights.sessions)}</dd>
      </div>
      <div>
        <dt>Users who began one</dt>
        <dd>${count(insights.users)}</dd>
      </div>
      ${
        usage !== undefined &&
        markup`<div>
            <dt>Turns</dt>
            <dd>${count(usage.total.turns)}</dd>
          </div>
          <div>
            <dt>Tokens</dt>
            <dd>${count(usage.total.inputTokens + usage.total.outputTokens)}</dd>
          </div>
          ${costs.map(
            ([currency, amount]) =>
              markup`<div>
                <dt>Cost in ${currency}</dt>
                <dd>${money(amount)}</dd>
              </div>`,
          )}
          ${
            usage.total.unpriced > 0 &&
            markup`<div>
              <dt>Turns without a price</dt>
              <dd>${count(usage.total.unpriced)}</dd>
            </div>`
          }`
      }
    </dl>
    ${insights.isCut && markup`<p class="fine">There were more sessions than an inspector counts: these are the 2,000 that were active last.</p>`}
    <div class="charts">
      ${await begunChart(insights)}
      ${usage === undefined ? markup`<p class="none">The application keeps no usage: tokens and costs are not known.</p>` : await usageCharts(insights, usage)}
      ${await funnelChart(insights)} ${await topicChart(insights)}
    </div>`
}

function begunChart({ days, begun }: Insights): Promise<Html> {
  return chart({
    title: 'Sessions that began, and users who began them',
    unit: 'a day',
    places: days.map(short),
    bars: begun.flatMap(({ day, sessions, users }): Bar[] => [
      { at: short(day), part: 'users', value: Math.min(users, sessions) },
      { at: short(day), part: 'further sessions', value: Math.max(0, sessions - users) },
    ]),
    note: 'A bar is the sessions of a day, in UTC; its first part is as long as there were users.',
  })
}

async function usageCharts(
  { days }: Insights,
  usage: NonNullable<Insights['usage']>,
): Promise<readonly Html[]> {
  const { groups, total } = usage
  const places = days.map(short)
  const tokens = chart({
    title: 'Tokens by model',
    unit: 'tokens',
    places,
    bars: groups.map(({ at, model, inputTokens, outputTokens }): Bar => ({
      at: short(dayOf(at!)),
      part: model ?? 'not told',
      value: inputTokens + outputTokens,
    })),
  })
  const costs = Object.keys(total.costs)
    .slice(0, mostCurrencies)
    .map((currency) =>
      chart({
        title: `Cost by model, in ${currency}`,
        unit: currency,
        places,
        bars: groups.map(({ at, model, costs: of }): Bar => ({
          at: short(dayOf(at!)),
          part: model ?? 'not told',
          value: Number(of[currency] ?? 0),
        })),
        tell: (value) => value.toLocaleString('en-US', { maximumSignificantDigits: 4 }),
      }),
    )
  return Promise.all([tokens, ...costs])
}

function funnelChart({ funnel, lookedAt }: Insights): Promise<Html> {
  return chart({
    title: 'How far sessions came',
    unit: 'sessions',
    places: funnel.map(({ step }) => step),
    bars: funnel.map(({ step, sessions }) => ({ at: step, value: sessions })),
    isLying: true,
    note: `Of the ${count(lookedAt)} sessions that were active last and have at most 500 messages.`,
  })
}

function topicChart({ topics, lookedAt }: Insights): Promise<Html> {
  return chart({
    title: 'What users spoke of',
    unit: 'messages',
    places: topics.map(({ word }) => word),
    bars: topics.map(({ word, count: value }) => ({ at: word, value })),
    isLying: true,
    note: `Messages of users that say the word, in the same ${count(lookedAt)} sessions.`,
  })
}

/** A day without its year: `03-01`. */
const short = (day: string): string => day.slice(5)

const money = (amount: string): string => {
  const [whole, parts = ''] = amount.split('.')
  return `${count(Number(whole))}.${parts.padEnd(2, '0').slice(0, 6)}`
}
