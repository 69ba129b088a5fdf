import { createSessions, memoryStore, type SessionStore } from '@sessions/core'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { startPostgres, startRedis } from '@sessions/testkit'
import { afterAll, describe, expect, it } from 'vitest'

// An agent's session: its tools gave back many pages of text. The stores have the timeouts that everybody has.
const count = 950
const messageLength = 60_000

const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

const stores: Record<string, () => Promise<SessionStore>> = {
  memory: async () => memoryStore({ maxBytes: 1024 ** 3 }),
  async redis() {
    const server = await startRedis()
    const client = createRedisClient(server.url)
    closing.push(
      () => server.stop(),
      async () => client.disconnect(),
    )
    return redisStore(client)
  },
  async postgres() {
    const server = await startPostgres()
    const url = await server.createDatabase()
    const pool = createPostgresPool(url)
    closing.push(
      () => server.stop(),
      () => pool.end(),
    )
    await migrate(pool)
    return postgresStore(pool)
  },
}

// Long words, so that little is spent on an index of them, with something to escape in each.
const textOf = (n: number) => `${n} ${`"${'x'.repeat(600)}" `.repeat(100)}`.slice(0, messageLength)

describe.each(Object.entries(stores))('a session of many MB in %s', (_name, open) => {
  it('is appended to, read, answered, forked, trimmed and deleted', { timeout: 300_000 }, async () => {
    const store = await open()
    const secrets = { credentialSecrets: ['a secret of at least 32 characters'] }
    const writer = createSessions({ store, ...secrets }).for({ tenantId: 'acme', userId: 'alice' })
    // Another process, which has seen none of it.
    const sessions = createSessions({ store, ...secrets })
    const reader = sessions.for({ tenantId: 'acme', userId: 'alice' })

    const session = await writer.create()
    for (let first = 1; first <= count; first += 25) {
      const batch = Array.from({ length: Math.min(25, count - first + 1) }, (_, n) => first + n)
      await session.append(
        batch.map((n) => ({ role: n % 2 === 1 ? 'user' : 'assistant', content: textOf(n) }) as const),
      )
    }

    const found = await reader.get(session.id)
    const newest = await found.history({ limit: 1000 })
    expect(newest.messages.at(-1)?.seq).toBe(count)
    expect(newest.messages.length).toBeGreaterThan(50)
    expect(newest.messages.length).toBeLessThan(100)
    const pages = [...newest.messages]
    for (let { before } = newest; before !== undefined;) {
      const page = await found.history({ before, limit: 1000 })
      pages.unshift(...page.messages)
      ;({ before } = page)
    }
    expect(pages.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, n) => n + 1))
    const all = await found.allMessages()
    expect(all).toEqual(pages)
    expect(all[499]?.content).toBe(textOf(500))

    expect((await found.context({ maxTokens: 40_000 })).messages.length).toBeGreaterThan(0)
    const turn = found.turn({ id: 'q', role: 'user', content: 'And now?' }, async function* () {
      yield 'Now this.'
    })
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'Now this.' })

    const fork = await reader.fork(found)
    expect((await fork.history({ limit: 1 })).messages[0]?.seq).toBe(count + 2)
    const copied = await fork.allMessages()
    expect(copied.map(({ id, content }) => ({ id, content }))).toEqual(
      (await found.allMessages()).map(({ id, content }) => ({ id, content })),
    )
    expect((await reader.list()).items.map(({ id }) => id).sort()).toEqual([session.id, fork.id].sort())

    const ref = { tenantId: 'acme', id: fork.id }
    expect(await store.trim(ref, 900)).toBe(900)
    expect((await fork.allMessages())[0]?.seq).toBe(901)
    await fork.delete()
    await found.delete()
    expect(await reader.find(session.id)).toBeUndefined()
    expect(await store.read(ref)).toBeUndefined()
  })
})
