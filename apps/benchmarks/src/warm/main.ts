import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { newId, type SessionStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisCache } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { tieredStore } from '@sessions/store-tiered'
import { startPostgres, startRedis } from '@sessions/testkit'
import { cpuOf } from '../stores/server-cpu.js'
import { breakEven, lineOf, type MixCost } from './break-even.js'

const usage = `bench:warm -- [--commits N] [--json]

From how many reads a commit on \`redisCache\` before Postgres costs its servers less than Postgres alone. Reads that may be 5 s
old come from another process, which keeps nothing in its memory: a session with its newest 20 messages.

  --commits  in each mix of commits and reads (default 1000)
  --json     the last line is {"warm": [{coalesce, plain, warm, breakEven}]}`

const { values } = parseArgs({
  options: {
    commits: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const commits = Number(values.commits)
if (values.help || !(commits >= 1)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}
const mixes = [0, 1, 2, 4, 8]
const [clients, sessions, tail, maxAgeMs] = [16, 200, 20, 5000]
const patient = { readTimeoutMs: 20_000, writeTimeoutMs: 20_000 }

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
const client = createRedisClient(redis.url)
await once(client, 'ready')
const pool = createPostgresPool(postgres.url, { max: 8, connectionTimeoutMillis: 20_000 })
await migrate(pool)
const found: object[] = []
try {
  for (const coalesce of [true, false]) {
    const last = postgresStore(pool, { ...patient, coalesce })
    const cache = () => redisCache(client, { timeoutMs: 5000 })
    const writer = tieredStore(last, { hot: { maxBytes: 64 * 1024 * 1024 }, warm: cache() })
    // Too little for any session.
    const reader = tieredStore(last, { hot: { maxBytes: 1 }, warm: cache() })
    const costs: Record<'plain' | 'warm', MixCost[]> = { plain: [], warm: [] }
    for (const reads of mixes) {
      costs.plain.push({ reads, us: await costOf(last, last, reads) })
      costs.warm.push({ reads, us: await costOf(writer, reader, reads) })
    }
    const [plain, warm] = [lineOf(costs.plain), lineOf(costs.warm)]
    const even = breakEven(costs.plain, costs.warm)
    const { warmHits, misses } = reader.stats()
    const us = ({ commitUs, readUs }: typeof plain) => `${commitUs.toFixed(0)} and ${readUs.toFixed(1)} us`
    console.log(
      `reads ${coalesce ? 'that share statements' : 'one by one'}: a commit and a read cost Postgres alone ${us(plain)}, with the ` +
        `cache ${us(warm)}; the cache answered ${((100 * warmHits) / misses).toFixed(0)} % of reads and pays ` +
        (even === Infinity ? 'never' : `from ${even.toFixed(1)} reads a commit on`),
    )
    found.push({ coalesce, plain, warm, breakEven: Number.isFinite(even) ? even : null })
    await Promise.all([writer.close(), reader.close()])
  }
} finally {
  client.disconnect()
  await pool.end()
  await Promise.all([postgres.stop(), redis.stop()])
}
if (values.json) console.log(JSON.stringify({ warm: found }))

/** Microseconds of both servers for a commit and so many reads. */
async function costOf(writer: SessionStore, reader: SessionStore, reads: number): Promise<number> {
  const refs = Array.from({ length: sessions }, () => ({ tenantId: 'warm', id: newId() }))
  const payload = 'x'.repeat(400)
  const messages = Array.from({ length: tail }, (_, n) => ({ id: `m${n}`, payload }))
  for (const ref of refs) {
    await writer.commit(ref, { revision: 0, body: 'x'.repeat(1000), messages })
    await writer.read(ref, { tail, maxAgeMs })
  }
  const before = await cpuUs()
  let next = 0
  const work = async (): Promise<void> => {
    while (next < commits) {
      const n = next++
      const ref = refs[n % sessions]!
      await writer.commit(ref, { messages: [{ id: `n${n}`, payload }], idleMs: 86_400_000 })
      for (let read = 0; read < reads; read++) await reader.read(ref, { tail, maxAgeMs })
    }
  }
  await Promise.all(Array.from({ length: clients }, work))
  return ((await cpuUs()) - before) / commits
}

async function cpuUs(): Promise<number> {
  const info = await client.info('cpu')
  const used = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
  return cpuOf(postgres.pid) + 1e6 * (used('used_cpu_user') + used('used_cpu_sys'))
}
