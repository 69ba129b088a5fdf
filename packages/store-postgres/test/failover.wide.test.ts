import { connect, createServer, type Socket } from 'node:net'
import { isSessionError, type SessionStore, type StoredMessage } from '@sessions/core/store'
import { type PostgresServer, startPostgresReplicaPair, waitUntil } from '@sessions/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPostgresPool, migrate, postgresStore } from '../src/index.js'
import { leftOver, Pools } from './databases.js'

const refs = Array.from({ length: 6 }, (_, n) => ({ tenantId: 'acme', id: `s${n}` }))

/** An address that leads to one server and later to another, as a name does that a failover moves. */
async function startAddress(first: PostgresServer) {
  let target = first
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
        sockets.delete(socket)
      })
    }
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    through: (url: string) => Object.assign(new URL(url), { port: String(port) }).href,
    leadTo: (server: PostgresServer) => {
      target = server
    },
  }
}

async function logOf(store: SessionStore, ref: (typeof refs)[number]): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = []
  for (let more = true; more;) {
    const page = await store.messages(ref, { after: messages.length, limit: 1000 })
    messages.push(...page.messages)
    more = page.more
  }
  expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1))
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length)
  return messages
}

describe('a primary killed under load, and its replica promoted', () => {
  test.each([true, false])('replication that commits wait for: %s', async (synchronous) => {
    const pair = await startPostgresReplicaPair({ synchronous })
    const pools = new Pools()
    onTestFinished(async () => {
      await pools.end()
      await pair.stop()
    })
    const url = await pair.primary.createDatabase()
    await migrate(url)
    const address = await startAddress(pair.primary)
    const open = () => pools.open(address.through(url))
    const stores = [
      postgresStore(open()),
      postgresStore(open(), { coalesce: false }),
      postgresStore(open(), { statements: 'portable' }),
    ]
    for (const ref of refs) await stores[0]!.commit(ref, { revision: 0, body: 'body' })

    const over = new AbortController()
    const appended = new Map<string, string[]>(refs.map(({ id }) => [id, []]))
    const codes = new Set<string>()
    let done = 0
    const settle = async <T>(work: Promise<T>): Promise<T | undefined> =>
      work.catch(async (error: unknown) => {
        if (!isSessionError(error)) throw error
        codes.add(error.code)
        await new Promise((resolve) => setImmediate(resolve))
        return undefined
      })
    const lane = async (number: number) => {
      const store = stores[number % stores.length]!
      for (let n = 0; !over.signal.aborted; n++) {
        const ref = refs[(number + n) % refs.length]!
        const message = { id: `${number}.${n}`, payload: 'payload' }
        while ((await settle(store.commit(ref, { messages: [message] }))) === undefined);
        appended.get(ref.id)!.push(message.id)
        done++
        const stored = await settle(store.read(ref, { tail: 1 }))
        if (stored !== undefined) expect(stored.body).toBe('body')
      }
    }
    const progress = async () => {
      const before = done
      await waitUntil(() => done > before + 100, { what: 'some appends' })
    }
    const torment = async () => {
      await progress()
      // Led to the replica too early, every write is refused.
      address.leadTo(pair.replica)
      await pair.primary.kill()
      await waitUntil(() => codes.size > 0, { what: 'calls that fail' })
      await pair.promote()
      await progress()
      await pair.replica.kill()
      await pair.replica.restart()
      await progress()
    }
    await Promise.all([...[0, 1, 2, 3, 4, 5].map(lane), torment().finally(() => over.abort())])
    for (const code of codes) expect(['unavailable', 'unknown_outcome']).toContain(code)

    let lost = 0
    for (const ref of refs) {
      const acknowledged = appended.get(ref.id)!
      const there = new Set((await logOf(stores[0]!, ref)).map(({ id }) => id))
      expect([...there].filter((id) => !acknowledged.includes(id))).toEqual([])
      lost += acknowledged.filter((id) => !there.has(id)).length
      // The same again stores what was lost, and nothing twice.
      for (const id of acknowledged) await stores[2]!.commit(ref, { messages: [{ id, payload: 'payload' }] })
      expect((await logOf(stores[1]!, ref)).map(({ id }) => id).sort()).toEqual(acknowledged.sort())
    }
    if (synchronous) expect(lost).toBe(0)
    else expect(lost, `of ${done}`).toBeLessThan(done / 10)
    const owner = createPostgresPool(address.through(url))
    expect(await leftOver(owner)).toBe(0)
    await owner.end()
  })
})
