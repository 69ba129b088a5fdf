import { parseArgs } from 'node:util'
import { createSessions } from '@sessions/core'
import type { UsageEvent, UsageQuery } from '@sessions/core/usage'
import { createPostgresPool, migrate, postgresStore, postgresUsageLog } from '@sessions/store-postgres'
import { Servers } from '../stores/servers.js'
import { measureShare } from './measure-share.js'

const usage = `bench:usage -- [--turns N] [--json]

  --turns  how many turns are kept, on Postgres (default 1000000)
  --json   the last line is {"times": [{name, ms, bar}], "shares": [{name, percent, bar}]}

Exits 1 when a question takes longer than its bar, or the log more of an append than its bar.`

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const turns = Number(values.turns)
if (values.help || !(turns >= 1000)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}
const hourMs = 3_600_000
const begin = Date.parse('2026-03-01T00:00:00Z')
const days = 30
const batch = 1000
const writers = 4
const tries = 21
// A page that shows a month is to feel instant; one with thousands of groups may take a moment.
const usualBar = 50
const manyBar = 150

const all = { tenantId: 'acme', from: 0, to: Number.MAX_SAFE_INTEGER, maxGroups: 10_000 }
const questions: readonly (readonly [string, Partial<UsageQuery>, number?])[] = [
  ['by model and day', { by: ['model'], bucket: 'day' }],
  ['by provider and hour', { by: ['provider'], bucket: 'hour' }, manyBar],
  [
    'by model and day, from the middle of an hour',
    { by: ['model'], bucket: 'day', from: begin + hourMs / 2 },
  ],
]

const servers = new Servers()
const times: { name: string; ms: number; bar: number }[] = []
const shares: Awaited<ReturnType<typeof measureShare>>[number][] = []
let isWhole = true
try {
  const pool = createPostgresPool(await servers.urlOf('postgres'), { max: 10 })
  await migrate(pool)
  const log = postgresUsageLog(pool, { timeoutMs: 120_000 })
  const sessions = createSessions({
    store: postgresStore(pool),
    credentialSecrets: ['a secret of the benchmark, long enough'],
    usage: { log },
  })
  for (const share of await measureShare(pool)) {
    shares.push(share)
    const { name, percent, bar } = share
    console.log(`the log takes ${percent} % of ${name} (bar ${bar} %)`)
  }
  const begun = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < turns) {
        const from = next
        next += batch
        await log.append(
          'acme',
          Array.from({ length: Math.min(batch, turns - from) }, (_, index) => turn(from + index)),
        )
      }
    }),
  )
  console.log(`appended ${Math.round((turns * 1000) / (performance.now() - begun))} turns a second`)
  await pool.query('vacuum analyze llm_session_usage, llm_session_usage_hours')
  for (const [name, query, bar = usualBar] of questions)
    await measure(name, bar, async () => {
      const { total } = await sessions.usage({ tenantId: 'acme', ...query })
      if (query.from === undefined) isWhole &&= total.turns === turns
    })
  await measure('of one user, by model', usualBar, async () =>
    log.group!({ ...all, by: ['model'], user: 'user:7' }),
  )
  await sessions.close()
  await pool.end()
} finally {
  await servers.stop()
}
if (values.json) console.log(JSON.stringify({ times, shares }))
const isCheap = shares.every(({ percent, bar }) => percent <= bar)
process.exitCode = isWhole && isCheap && times.every(({ ms, bar }) => ms <= bar) ? 0 : 1

async function measure(name: string, bar: number, ask: () => Promise<unknown>): Promise<void> {
  const measured: number[] = []
  for (let index = 0; index < tries; index++) {
    const asked = performance.now()
    await ask()
    measured.push(performance.now() - asked)
  }
  const ms = Math.round(measured.toSorted((a, b) => a - b)[Math.floor(tries / 2)]! * 10) / 10
  times.push({ name, ms, bar })
  console.log(`${turns} turns, ${name}: ${ms} ms (bar ${bar} ms)`)
}

function turn(index: number): UsageEvent {
  return {
    id: `turn-${index}`,
    at: begin + Math.floor((index / turns) * days * 24 * hourMs),
    user: `user:${index % 1000}`,
    sessionId: `session-${index % 20_000}`,
    outcome: 'completed',
    provider: `provider ${index % 3}`,
    model: `model ${index % 12}`,
    inputTokens: index % 4000,
    outputTokens: index % 700,
    cost: { amount: `0.00${1 + (index % 900)}`, currency: 'USD', by: 'prices' },
  }
}
