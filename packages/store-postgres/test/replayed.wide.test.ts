import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createSessions, memoryStore, type SessionsOptions } from '@sessions/core'
import { expect, test } from 'vitest'
import { postgresAnalytics, postgresSearch, postgresStore, postgresUsageLog } from '../src/index.js'
import { migrated, patient, useServer } from './databases.js'
import { expectNumbers, found, readRaw } from './recounted.js'
import { expectedOf, play, prices, readDialogues } from './replayed.js'

const context = useServer()
const tenantId = 'acme'
// Recorded dialogues, one a line; without them some that are made up.
const data = process.env['SESSIONS_REPLAY_DATA']
const file = data === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', data)
const dialogues = await readDialogues(file)
const settings = {
  credentialSecrets: ['a secret that all processes know, and nobody else'],
  turns: { leaseMs: 2000, heartbeatMs: 500, flushMs: 50 },
} as const
const quiet = { onWarning: () => {} }

/** A word that some messages have and most have not, of each of the first dialogues. */
const words = dialogues.slice(0, 12).flatMap(
  ({ turns: [first] }) =>
    first?.content
      .toLowerCase()
      .match(/(?<!\p{L})[a-z]{5,}(?!\p{L})/gu)
      ?.at(-1) ?? [],
)

test('all numbers are those of the dialogues that were played, in memory', async () => {
  const store = memoryStore()
  const sessions = createSessions({ ...settings, ...quiet, store, usage: { prices } })
  await play(sessions, tenantId, dialogues, () => {})
  await sessions.settled()
  const expected = expectedOf(dialogues)
  await expectNumbers(sessions, tenantId, expected)
  const raw = await readRaw(store, tenantId)
  expect(raw.talks.toSorted(byId)).toEqual(expected.talks.toSorted(byId))
})

test('and in Postgres, where a search finds by its index what a look at all of it finds', async () => {
  const pool = context.pools.open(await migrated(context.server), patient.pool)
  const store = postgresStore(pool, patient.store)
  const usage = { log: postgresUsageLog(pool), prices }
  const kept: SessionsOptions = {
    ...settings,
    ...quiet,
    store,
    usage,
    analytics: { log: postgresAnalytics(pool) },
  }
  const sessions = createSessions({
    ...kept,
    search: { index: postgresSearch(pool, { timeoutMs: 240_000 }) },
  })
  await play(sessions, tenantId, dialogues, () => {})
  await sessions.settled()
  const expected = expectedOf(dialogues)
  const report = await expectNumbers(sessions, tenantId, expected)
  const reading = createSessions({ ...settings, ...quiet, store, usage })
  expect(await reading.analytics({ tenantId, segmentBy: 'service', minGroup: 1 })).toEqual(report)
  for (const word of words) {
    const ids = await found(sessions, tenantId, `${word} `)
    expect(await found(reading, tenantId, `${word} `), word).toEqual(ids)
    // At least those that have the very word.
    const has = new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}'’])`, 'iu')
    for (const { id, turns } of dialogues)
      for (const [turn, { role, content }] of turns.entries())
        if (role === 'user' && has.test(content)) expect(ids, word).toContain(`${id}.${turn}`)
  }
}, 900_000)

test.each([
  { where: 'in tables of their own', hasTables: true },
  { where: 'in the store alone', hasTables: false },
])(
  'all numbers $where are what the logs say, after processes were killed in the middle of it',
  async ({ hasTables }) => {
    const url = await migrated(context.server)
    const questions = expectedOf(dialogues).paid.length
    for (const share of [0.1, 0.35, 0.6])
      await runAndKill(url, hasTables, Math.floor(questions * share * 0.5) + 1)
    await runAndKill(url, hasTables, Number.POSITIVE_INFINITY)
    const pool = context.pools.open(url, patient.pool)
    const store = postgresStore(pool, patient.store)
    const usage = { prices, ...(hasTables ? { log: postgresUsageLog(pool) } : {}) }
    const survivor = createSessions({
      ...settings,
      ...quiet,
      store,
      usage,
      ...(hasTables ? { analytics: { log: postgresAnalytics(pool) } } : {}),
    })
    await expect
      .poll(
        async () => {
          await survivor.sweep({ tenants: [tenantId] })
          const { rows } = await pool.query<{ body: string }>(
            'select body from llm_sessions where tenant_id = $1',
            [tenantId],
          )
          return rows.filter(({ body }) => (JSON.parse(body) as { turn?: object }).turn !== undefined).length
        },
        { timeout: 120_000, interval: 500 },
      )
      .toBe(0)
    const raw = await readRaw(store, tenantId)
    const report = await expectNumbers(survivor, tenantId, raw)
    // Whatever died, each question was stored, once, and each session went its way.
    const once = ({ talks }: { talks: typeof raw.talks }) =>
      talks.map((talk) => ({ ...talk, answers: 0 })).toSorted(byId)
    expect(once(raw)).toEqual(once(expectedOf(dialogues)))
    const reading = createSessions({ ...settings, ...quiet, store, usage })
    expect(await reading.analytics({ tenantId, segmentBy: 'service', minGroup: 1 })).toEqual(report)
  },
  900_000,
)

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1
}

/** Plays in a process of its own, which sweeps and asks meanwhile, and kills it after so many turns. */
async function runAndKill(url: string, hasTables: boolean, turns: number): Promise<void> {
  const script = `
import { json } from 'node:stream/consumers'
import { createSessions } from '@sessions/core'
import { createPostgresPool, postgresAnalytics, postgresStore, postgresUsageLog } from '@sessions/store-postgres'
const play = ${play.toString()}
const pool = createPostgresPool(process.argv[1])
const sessions = createSessions({
  ...${JSON.stringify(settings)},
  onWarning: () => {},
  store: postgresStore(pool),
  usage: { prices: ${JSON.stringify(prices)}, ...(${hasTables} ? { log: postgresUsageLog(pool) } : {}) },
  ...(${hasTables} ? { analytics: { log: postgresAnalytics(pool) } } : {}),
})
let isOver = false
async function look() {
  while (!isOver) {
    await sessions.sweep({ tenants: ['${tenantId}'] })
    await sessions.analytics({ tenantId: '${tenantId}' })
  }
}
const looking = look()
await play(sessions, '${tenantId}', await json(process.stdin), () => console.log('turn'))
isOver = true
await looking
await sessions.close()
await pool.end()
`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, url], {
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(JSON.stringify(dialogues))
  let said = 0
  let failed = ''
  child.stderr.on('data', (bytes: Buffer) => (failed += bytes.toString()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString().split('\n').length - 1
      if (said >= turns) child.kill('SIGKILL')
    })
    child.on('exit', (code, signal) =>
      signal === 'SIGKILL' || (code === 0 && turns === Number.POSITIVE_INFINITY)
        ? resolve()
        : reject(new Error(`${code} ${failed}`)),
    )
  })
}
