import { parseArgs } from 'node:util'
import { createSessions } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { Servers } from '../stores/servers.js'

const usage = `bench:audit -- [--store NAME] [--seconds N] [--json]

  --store    postgres (default) or redis
  --seconds  how long each case runs (default 5)
  --json     the last line is {"rates": [{name, rate, bar}]}

Exits 1 when a rate is under its bar, or the audit does not hold.`

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'postgres' },
    seconds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const isKnown = values.store === 'postgres' || values.store === 'redis'
if (values.help || !isKnown || !(seconds > 0)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}
const backend = values.store as 'postgres' | 'redis'
const writers = 32
// Entries a second that are durable when their writers go on.
const bar = 500
const acme = { tenantId: 'acme' }
const settings = {
  credentialSecrets: ['a secret of the benchmark, long enough'],
  audit: { secrets: ['another secret of the benchmark, long enough'] },
}

const servers = new Servers()
const rates: { name: string; rate: number; bar: number }[] = []
let isWhole = true
try {
  const [store, close] = await open(await servers.urlOf(backend))
  for (const processes of [writers, 1]) await run(store, processes)
  await close()
} finally {
  await servers.stop()
}
if (values.json) console.log(JSON.stringify({ rates }))
process.exitCode = isWhole && rates.every(({ rate }) => rate >= bar) ? 0 : 1

async function open(url: string): Promise<readonly [SessionStore, () => Promise<unknown>]> {
  if (backend === 'redis') {
    const client = createRedisClient(url)
    return [redisStore(client), async () => client.disconnect()]
  }
  const pool = createPostgresPool(url, { max: 10 })
  await migrate(pool)
  return [postgresStore(pool), async () => pool.end()]
}

/** Lets 32 writers write, one after the other each, in so many services, which stand for processes. */
async function run(store: SessionStore, processes: number): Promise<void> {
  const tenantId = `acme-${processes}`
  let conflicts = 0
  const counted: SessionStore = {
    ...store,
    async commit(ref, change) {
      try {
        return await store.commit(ref, change)
      } catch (error) {
        conflicts++
        throw error
      }
    },
  }
  const services = Array.from({ length: processes }, () => createSessions({ store: counted, ...settings }))
  // The first entry of each makes its lane.
  await Promise.all(services.map(async ({ audit }) => audit.append({ ...acme, tenantId, action: 'begin' })))
  const end = performance.now() + seconds * 1000
  let count = 0
  await Promise.all(
    Array.from({ length: writers }, async (_, index) => {
      const { audit } = services[index % processes]!
      while (performance.now() < end) {
        await audit.append({
          tenantId,
          action: 'report.sent',
          sessionId: 's',
          requestId: 'r',
          detail: { index },
        })
        count++
      }
    }),
  )
  const begun = performance.now()
  const verdict = await services[0]!.audit.verify({ tenantId })
  const verified = Math.round(count / ((performance.now() - begun) / 1000))
  const rate = Math.round(count / seconds)
  const name = `${writers} writers in ${processes} processes, on ${backend}`
  rates.push({ name, rate, bar })
  isWhole &&= verdict.ok && conflicts === 0 && verdict.entries === count + processes
  console.log(
    `${name}: ${rate} entries a second (bar ${bar}), ${conflicts} conflicts; ` +
      `checked ${verified} a second: ${JSON.stringify(verdict)}`,
  )
}
