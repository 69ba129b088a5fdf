import { type Bar, chart } from '../charts.js'
import { count } from '../format.js'
import { markup, type Html } from '../markup.js'
import { dayMs, dayOf, type Insights, insightsOf, weekDays } from '../insights.js'
import type { Look } from '../options.js'

const spans = [7, 30, 90] as const
const usualSpan = 30
// As many currencies as there are colours.
const mostCurrencies = 3
const mostTopics = 12
const mostTrends = 6
const mostJourneys = 12

/** What happened in the sessions of the tenant, in charts. */
export async function insightsPage(look: Look, now: number): Promise<Html> {
  const asked = Number(look.url.searchParams.get('days') ?? usualSpan)
  const span = spans.find((days) => days === asked) ?? usualSpan
  const insights = await insightsOf(look, now, span)
  const { usage, analytics } = insights
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
        <dd>${count(analytics.total.sessions)}</dd>
      </div>
      <div>
        <dt>Users who began one</dt>
        <dd>${count(analytics.users)}</dd>
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
    ${notes(insights)}
    <div class="charts">
      ${await begunChart(insights)} ${await activeChart(insights)}
      ${usage === undefined ? markup`<p class="none">The application keeps no usage: tokens and costs are not known.</p>` : await usageCharts(insights, usage)}
      ${await funnelChart(insights)} ${await journeyChart(insights)} ${await topicChart(insights)}
      ${await trendChart(insights)}
    </div>
    ${cohortTable(insights, span > weekDays)}`
}

/** What the numbers leave out. */
function notes({ analytics: { complete, withoutConsent, withheld } }: Insights): readonly (Html | false)[] {
  return [
    !complete &&
      markup`<p class="fine">There is more than one look takes: these are the sessions that were active last.</p>`,
    withoutConsent > 0 &&
      markup`<p class="fine">Sessions of users who do not consent are not counted: ${count(withoutConsent)}.</p>`,
    withheld > 0 &&
      markup`<p class="fine">Groups of fewer than five users are not shown: ${count(withheld)}.</p>`,
  ]
}

function begunChart({ days, analytics: { over } }: Insights): Promise<Html> {
  return chart({
    title: 'Sessions that began, and users who began them',
    unit: 'a day',
    places: days.map(short),
    bars: over.flatMap(({ at, sessions, users }): Bar[] => [
      { at: short(dayOf(at)), part: 'users', value: Math.min(users, sessions) },
      { at: short(dayOf(at)), part: 'further sessions', value: Math.max(0, sessions - users) },
    ]),
    note: 'A bar is the sessions of a day, in UTC; its first part is as long as there were users.',
  })
}

function activeChart({ days, analytics: { active } }: Insights): Promise<Html> {
  return chart({
    title: 'Users who said something',
    unit: 'users',
    places: days.map(short),
    bars: active.map(({ at, users }) => ({ at: short(dayOf(at)), value: users })),
    note: 'By the day on which they did, also in sessions that are older.',
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

function funnelChart({ analytics: { total } }: Insights): Promise<Html> {
  const steps = [
    ['Began', total.sessions],
    ['Asked something', total.engaged],
    ['Filled a cart', total.carted],
    ['Ordered', total.ordered],
  ] as const
  return chart({
    title: 'How far sessions came',
    unit: 'sessions',
    places: steps.map(([step]) => step),
    bars: steps.map(([step, value]) => ({ at: step, value })),
    isLying: true,
  })
}

function journeyChart({ analytics: { journeys } }: Insights): Promise<Html> {
  const shown = journeys.slice(0, mostJourneys).map(({ from, to, sessions }) => ({
    at: from === undefined ? `begin in ${to}` : to === undefined ? `stay in ${from}` : `${from} → ${to}`,
    value: sessions,
  }))
  return chart({
    title: 'Which way sessions go',
    unit: 'sessions',
    places: [...new Set(shown.map(({ at }) => at))],
    bars: shown,
    isLying: true,
    note: 'From phase to phase, as the state of a session has it.',
  })
}

function topicChart({ analytics: { topics } }: Insights): Promise<Html> {
  const shown = topics.slice(0, mostTopics)
  return chart({
    title: 'What users spoke of',
    unit: 'sessions',
    places: shown.map(({ word }) => word),
    bars: shown.map(({ word, count: value }) => ({ at: word, value })),
    isLying: true,
    note: 'Sessions in which the word is among the most frequent.',
  })
}

function trendChart({ coarse: { over, topics, trends } }: Insights): Promise<Html> {
  const shown = new Set(topics.slice(0, mostTrends).map(({ word }) => word))
  return chart({
    title: 'What users spoke of, over time',
    unit: 'sessions',
    places: over.map(({ at }) => short(dayOf(at))),
    bars: trends
      .filter(({ word }) => shown.has(word))
      .map(({ at, word, count: value }) => ({ at: short(dayOf(at)), part: word, value })),
  })
}

function cohortTable({ coarse: { cohorts } }: Insights, isWeekly: boolean): Html {
  const steps = Math.max(0, ...cohorts.map(({ returned }) => returned.length))
  const later = Array.from({ length: steps }, (_, index) => index + 1)
  const step = isWeekly ? 'week' : 'day'
  return markup`<section aria-labelledby="cohorts">
    <h2 id="cohorts">Who came back</h2>
    ${
      cohorts.length === 0
        ? markup`<p class="none">No ${step} had five new users.</p>`
        : markup`<div class="scroll" tabindex="0" role="group" aria-label="Who came back, as a table">
            <table>
              <thead>
                <tr>
                  <th scope="col">First session</th>
                  <th scope="col" class="number">Users</th>
                  ${later.map((index) => markup`<th scope="col" class="number">${step} ${index} later</th>`)}
                </tr>
              </thead>
              <tbody>
                ${cohorts.map(
                  ({ at, users, returned }) =>
                    markup`<tr>
                      <th scope="row">${isWeekly ? `${dayOf(at)} to ${dayOf(at + 6 * dayMs)}` : dayOf(at)}</th>
                      <td class="number">${count(users)}</td>
                      ${later.map(
                        (index) =>
                          markup`<td class="number">${returned[index - 1] === undefined ? '' : count(returned[index - 1]!)}</td>`,
                      )}
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`
}

/** A day without its year: `03-01`. */
const short = (day: string): string => day.slice(5)

const money = (amount: string): string => {
  const [whole, parts = ''] = amount.split('.')
  return `${count(Number(whole))}.${parts.padEnd(2, '0').slice(0, 6)}`
}
