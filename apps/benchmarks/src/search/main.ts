import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createSessions, type Identity, type SessionStore } from '@sessions/core'
import type { SearchIndex, SearchOptions } from '@sessions/core/search'
import { createPostgresPool, migrate, postgresSearch, postgresStore } from '@sessions/store-postgres'
import { sqliteSearch, sqliteStore } from '@sessions/store-sqlite'
import { Servers } from '../stores/servers.js'

const usage = `bench:search -- [--store postgres|sqlite] [--messages N] [--json]

  --store     what has the messages and the index (default postgres)
  --messages  how many messages there are (default 1000000)
  --json      the last line is {"times": [{name, ms, bar}]}

Half of them are those of one tenant. Exits 1 when a first page takes longer than its bar.`

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'postgres' },
    messages: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const count = Number(values.messages)
if (values.help || !(count >= 10_000) || !['postgres', 'sqlite'].includes(values.store)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const perSession = 50
const sessionsPerUser = 20
const together = 8
const tries = 21
// Whoever types sees results of their own at once; an operator may wait a moment.
const ownBar = 50
const tenantBar = 150
const vocabulary = 20_000
const wordsPerMessage = 25
const own: Identity = { tenantId: 'large', userId: 'user-3' }
const admin: Identity = { tenantId: 'large', roles: ['admin'] }

let state = 1
function random(): number {
  state = (state * 48_271) % 2_147_483_647
  return state / 2_147_483_647
}

/** A word by how common it is: the first is in most messages, the last in few. */
const word = (place: number): string => `w${place.toString(36)}x`
const rare = word(6000)
const anyWord = (): string => word(Math.floor(vocabulary ** random()) - 1)

interface Opened {
  readonly store: SessionStore
  readonly index: SearchIndex
  /** Has the database know what it has. */
  readonly analyze: () => Promise<void>
  readonly close: () => Promise<void>
}

async function openPostgres(): Promise<Opened> {
  const servers = new Servers()
  const pool = createPostgresPool(await servers.urlOf('postgres'), { max: 10 })
  await migrate(pool)
  return {
    store: postgresStore(pool),
    index: postgresSearch(pool, { timeoutMs: 120_000 }),
    async analyze() {
      const client = await pool.connect()
      await client.query('set statement_timeout = 0')
      await client.query('vacuum analyze llm_session_terms, llm_sessions, llm_session_messages')
      client.release(true)
    },
    async close() {
      await pool.end()
      await servers.stop()
    },
  }
}

function openSqlite(): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-search-'))
  const store = sqliteStore(join(folder, 'sessions.db'))
  const index = sqliteSearch(join(folder, 'sessions.db'))
  return {
    store,
    index,
    analyze: async () => {},
    async close() {
      await index.close()
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const opened = values.store === 'sqlite' ? openSqlite() : await openPostgres()
const times: { name: string; ms: number; bar: number }[] = []
let isWhole = true
try {
  const { store, index } = opened
  const search = { index }
  const credentialSecrets = ['a secret of the benchmark, long enough']
  const sessions = createSessions({ store, credentialSecrets, search })
  const begun = performance.now()
  const total = Math.floor(count / perSession)
  for (let from = 0; from < total; from += together) {
    await Promise.all(Array.from({ length: Math.min(together, total - from) }, (_, at) => fill(from + at)))
    // The index takes what waits before more comes.
    await sessions.settled()
  }
  console.log(`put ${Math.round((count * 1000) / (performance.now() - begun))} messages a second`)
  await opened.analyze()
  await sessions.sweep({ tenants: [own.tenantId] })
  for (const [name, text] of [
    ['a common word', word(3)],
    ['a word that is neither common nor rare', word(300)],
    ['a rare word', rare],
    ['two words', `${word(20)} ${word(60)}`],
    ['the beginning of a word', 'w5'],
    ['a word that nobody said', 'nobody'],
  ] as const) {
    for (const order of ['new', 'rank'] as const) {
      await measure(`of a user, ${name}, ${order}`, ownBar, own, { text, order })
      await measure(`of a tenant, ${name}, ${order}`, tenantBar, admin, { text, order })
    }
  }
  await sessions.close()

  async function fill(number: number): Promise<void> {
    const tenantId = number % 2 === 0 ? 'large' : `small-${number % 199}`
    const userId = `user-${Math.floor(number / 2 / sessionsPerUser)}`
    const messages = Array.from({ length: perSession }, () => ({
      role: 'user' as const,
      content: Array.from({ length: wordsPerMessage }, anyWord).join(' '),
    }))
    await sessions.for({ tenantId, userId }).create({ messages })
  }

  async function measure(name: string, bar: number, who: Identity, options: SearchOptions): Promise<void> {
    const measured: number[] = []
    for (let index = 0; index < tries; index++) {
      const asked = performance.now()
      const page = await sessions.for(who).search(options)
      measured.push(performance.now() - asked)
      // One user need not have said a rare word.
      const mayBeNone = who === own && options.text === rare
      if (!mayBeNone) isWhole &&= (page.items.length === 0) === (options.text === 'nobody')
    }
    const ms = Math.round(measured.toSorted((a, b) => a - b)[Math.floor(tries / 2)]! * 10) / 10
    times.push({ name, ms, bar })
    console.log(`${count} messages, ${name}: ${ms} ms (bar ${bar} ms)`)
  }
} finally {
  await opened.close()
}
if (values.json) console.log(JSON.stringify({ times }))
process.exitCode = isWhole && times.every(({ ms, bar }) => ms <= bar) ? 0 : 1
