import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSessions, memoryStore } from '@sessions/core'
import {
  createSessionApi,
  type RateLimit,
  type RateLimiter,
  type SessionApiOptions,
} from '@sessions/core/http'
import { createPostgresPool } from '@sessions/store-postgres'
import { startPostgres, startRedis } from '@sessions/testkit'
import { Redis } from 'ioredis'
import type { Pool } from 'pg'
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterUnion } from 'rate-limiter-flexible'
import { afterAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
// Inside the repository, so that the names of the packages resolve as they do for the tests.
const scratch = join(root, 'test', '.rates')
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** What the page exports: its code runs as it stands there. */
async function fromPage<Exports>(name: string): Promise<Exports> {
  const page = readFileSync(join(root, 'docs', 'abuse.md'), 'utf8')
  const [, code] = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].find(([, text]) =>
    text!.includes(`export function ${name}`),
  )!
  mkdirSync(scratch, { recursive: true })
  const file = join(scratch, `${name}.ts`)
  writeFileSync(file, code!)
  return (await import(file)) as Exports
}

/** Two processes that serve the same sessions. */
function serve(options: (process: number) => Partial<SessionApiOptions>) {
  const store = memoryStore()
  const apis = [0, 1].map((process) =>
    createSessionApi({
      sessions: createSessions({ store, credentialSecrets: ['a secret that only these tests may know'] }),
      identify: (request) => ({ tenantId: 'acme', userId: request.headers.get('authorization') ?? 'alice' }),
      ...options(process),
    }),
  )
  const send = async (index: number, path: string, headers: Record<string, string> = {}) =>
    apis[index % 2]!.handle(new Request(`https://api.test${path}`, { headers }))
  return { store, send }
}

const statuses = (responses: readonly Response[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

describe('rate-limiter-flexible, as the page on abuse has it', () => {
  it('limits by several limiters in one, and in bursts', async () => {
    const counting = (keyPrefix: string, points: number) =>
      new RateLimiterMemory({ keyPrefix, points, duration: 60 })
    for (const limiter of [
      new RateLimiterUnion(counting('few', 3), counting('many', 5)),
      new BurstyRateLimiter(counting('steady', 2), counting('burst', 1)),
    ]) {
      const { send } = serve(() => ({ limiter }))
      const responses = []
      for (let index = 0; index < 5; index++) responses.push(await send(index, '/sessions'))
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
      expect(responses[0]!.headers.get('ratelimit')).toMatch(/^"default";r=[12];t=60$/)
      expect(responses[3]!.headers.get('retry-after')).toBe('60')
    }
  })

  it('limits sessions, users, tenants and addresses over Redis, exactly, over all processes', async () => {
    const server = await startRedis()
    const clients = [0, 1].map(() => new Redis(server.url, { commandTimeout: 60_000 }))
    try {
      const { limitsOver } = await fromPage<{ limitsOver: (redis: Redis) => RateLimit[] }>('limitsOver')
      const { send } = serve((process) => ({ limits: limitsOver(clients[process]!) }))
      const flood = async (count: number, path: string, headers?: Record<string, string>) =>
        Promise.all(Array.from({ length: count }, async (_, index) => send(index, path, headers)))
      // 30 for one session, whoever asks; then 120 for one user, of which that session has taken 40.
      const ofSession = await flood(40, '/sessions/one')
      expect(statuses(ofSession)).toEqual({ 404: 30, 429: 10 })
      const refused = ofSession.find(({ status }) => status === 429)!
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(refused.headers.get('ratelimit')).toMatch(
        /^"tenant";r=\d+;t=\d+, "user";r=\d+;t=\d+, "session";r=0;t=\d+$/,
      )
      expect(refused.headers.get('ratelimit-policy')).toBe(
        '"tenant";q=1000;w=60, "user";q=120;w=60, "session";q=30;w=60',
      )
      expect(statuses(await flood(100, '/sessions'))).toEqual({ 200: 80, 429: 20 })
      expect(statuses(await flood(10, '/sessions', { authorization: 'bob' }))).toEqual({ 200: 10 })
      const address = { authorization: 'eve', 'x-real-ip': '192.0.2.1' }
      expect(statuses(await flood(320, '/sessions', address))).toEqual({ 200: 120, 429: 200 })
      // All limits count what they let pass: the tenant has had 40, 100, 10 and 300 requests.
      const next = await send(0, '/sessions', { authorization: 'mallory' })
      expect(next.headers.get('ratelimit')).toMatch(/^"tenant";r=549;/)
    } finally {
      for (const client of clients) client.disconnect()
      await server.stop()
    }
  })

  it('limits over Postgres, exactly, over all processes', async () => {
    const server = await startPostgres()
    const pool = createPostgresPool(server.url)
    try {
      const { limiterOver } = await fromPage<{
        limiterOver: (pool: Pool, points: number) => Promise<RateLimiter>
      }>('limiterOver')
      const limiters = [await limiterOver(pool, 25), await limiterOver(pool, 25)]
      const { send } = serve((process) => ({ limiter: limiters[process]! }))
      const responses = await Promise.all(
        Array.from({ length: 40 }, async (_, index) => send(index, '/sessions')),
      )
      expect(statuses(responses)).toEqual({ 200: 25, 429: 15 })
      expect((await send(0, '/sessions', { authorization: 'bob' })).headers.get('ratelimit')).toMatch(
        /^"default";r=24;/,
      )
    } finally {
      await pool.end()
      await server.stop()
    }
  })
})
