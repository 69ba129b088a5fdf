import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { createSessions, type SessionStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { startPostgres, startRedis } from '@sessions/testkit'
import { beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const door = (path: string): string => pathToFileURL(resolve(root, 'packages', path)).href
const secretOfAll = 'a secret that only these tests may know'
const anonymous = { tenantId: 'acme' }
const processes = 4
const each = 50
// 200 at once are slow on a busy machine, and that is no outage.
const patience = {
  redis: { commandTimeout: 240_000, connectTimeout: 240_000, socketTimeout: 240_000 },
  postgres: {
    connectionTimeoutMillis: 240_000,
    statement_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  },
  store: { readTimeoutMs: 240_000, writeTimeoutMs: 240_000 },
}

/** What a process of its own does: says it is ready, waits for the word, redeems, and says how it went. */
const device = `
import { once } from 'node:events'
const [kind, url, secret] = process.argv.slice(1)
const patience = ${JSON.stringify(patience)}
const { createSessions } = await import('${door('core/dist/index.js')}')
async function open() {
  if (kind === 'redis') {
    const { redisStore } = await import('${door('store-redis/dist/index.js')}')
    const { createRedisClient } = await import('${door('store-redis/dist/client.js')}')
    const client = createRedisClient(url, patience.redis)
    await once(client, 'ready')
    return redisStore(client, patience.store)
  }
  const { createPostgresPool, postgresStore } = await import('${door('store-postgres/dist/index.js')}')
  return postgresStore(createPostgresPool(url, patience.postgres), patience.store)
}
const mine = createSessions({ store: await open(), credentialSecrets: ['${secretOfAll}'] }).for({ tenantId: 'acme' })
await mine.find('anything')
console.log('ready')
process.stdin.once('data', async () => {
  const settled = await Promise.allSettled(Array.from({ length: ${each} }, () => mine.redeem({ secret })))
  const won = settled.filter((one) => one.status === 'fulfilled').length
  const codes = [...new Set(settled.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : [])))]
  console.log(JSON.stringify({ won, codes }))
  process.exit(0)
})
`

beforeAll(async () => {
  // Processes of their own run what is published, not the sources. A whole run has built it already.
  if (process.env['SESSIONS_BUILT']) return
  const built = spawn(process.execPath, [
    resolve(root, 'scripts/turbo.mjs'),
    'run',
    'build',
    '--filter=@sessions/store-redis',
    '--filter=@sessions/store-postgres',
  ])
  expect(await once(built, 'close')).toEqual([0, null])
})

const servers = {
  async redis() {
    const server = await startRedis()
    const client = createRedisClient(server.url, patience.redis)
    await once(client, 'ready')
    return { server, store: redisStore(client, patience.store), close: async () => client.disconnect() }
  },
  async postgres() {
    const server = await startPostgres()
    const pool = createPostgresPool(server.url, patience.postgres)
    await migrate(pool)
    return { server, store: postgresStore(pool, patience.store), close: () => pool.end() }
  },
} satisfies Record<
  string,
  () => Promise<{ store: SessionStore; server: { url: string }; close: () => unknown }>
>

describe.each(['redis', 'postgres'] as const)('a transfer on %s', (kind) => {
  it('is redeemed once by 200 who try at the same moment in four processes', async () => {
    const { server, store, close } = await servers[kind]()
    const mine = createSessions({ store, credentialSecrets: [secretOfAll] }).for(anonymous)
    const source = await mine.create({ messages: [{ role: 'user', content: 'Take me along' }] })
    const old = await source.credential()
    const { secret } = await source.transfer({ mode: 'move' })

    const children = Array.from({ length: processes }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', device, kind, server.url, secret], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
    })
    for (const { lines } of children) expect((await lines.next()).value).toBe('ready')
    for (const { child } of children) child.stdin.write('go\n')
    const results = await Promise.all(
      children.map(
        async ({ lines }) =>
          JSON.parse(String((await lines.next()).value)) as { won: number; codes: string[] },
      ),
    )

    expect(results.reduce((sum, { won }) => sum + won, 0)).toBe(1)
    expect([...new Set(results.flatMap(({ codes }) => codes))]).toEqual(['not_found'])
    expect(await mine.findByCredential(old)).toBeUndefined()
    await close()
    await server.stop()
  })
})
