import { checkStore } from '@sessions/core/store'
import { startRedis, startRedisCluster, type RedisServer, waitUntil } from '@sessions/testkit'
import { Cluster } from 'ioredis'
import { createClient, createClientPool, createCluster, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createRedisClient } from '../src/client.js'
import { redisStore, type RedisClient } from '../src/index.js'
import { Keys } from '../src/stored/keys.js'
import { ioredis, patient, preset } from './clients.js'
import { message, useAll } from './use-all.js'
import { commandsDuring } from './watch-commands.js'

// Clients as applications make them.

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

/** What a server answers to one command. */
async function sendRedis(node: RedisServer, [command, ...args]: string[]): Promise<unknown> {
  const client = ioredis(node.url)
  try {
    return await client.call(command!, args)
  } finally {
    client.disconnect()
  }
}

describe('a node-redis client that was told to give', () => {
  const mappings = {
    'bytes for texts': { [RESP_TYPES.BLOB_STRING]: Buffer },
    'bytes for texts of any kind, and texts for numbers': {
      [RESP_TYPES.BLOB_STRING]: Buffer,
      [RESP_TYPES.SIMPLE_STRING]: Buffer,
      [RESP_TYPES.NUMBER]: String,
    },
    'lists for maps': { [RESP_TYPES.MAP]: Array },
  }
  for (const [index, [name, typeMapping]] of Object.entries(mappings).entries()) {
    for (const RESP of [2, 3] as const) {
      test(`${name}, by RESP ${RESP}`, async () => {
        const client = createClient({ url: server.url, RESP, commandOptions: { timeout: 10_000 } })
        client.on('error', () => {})
        const mapped = (await client.connect()).withTypeMapping(typeMapping) as unknown as RedisClient
        onTestFinished(() => client.destroy())
        await useAll(mapped, `mapped-${index}-${RESP}`)
        const store = redisStore(mapped, patient)
        const ref = { tenantId: `mapped-${index}-${RESP}`, id: 'counted' }
        await store.commit(ref, { revision: 0 })
        await store.commit(ref, { messages: [message(1)] })
        const commands = await commandsDuring(server.url, async () => {
          await store.commit(ref, { messages: [message(2)] })
        })
        expect(commands, 'an append is sent once').toEqual(['EVALSHA'])
      })
    }
  }
})

describe('a client that connects with its first command', () => {
  test('of createRedisClient, which has no queue', async () => {
    const client = createRedisClient(server.url, { lazyConnect: true })
    onTestFinished(() => client.disconnect())
    await useAll(client, 'lazy')
  })

  test('with a queue', async () => {
    const client = ioredis(server.url, { lazyConnect: true })
    onTestFinished(() => client.disconnect())
    await useAll(client, 'lazy-queue')
  })

  test('many calls at once', async () => {
    const client = createRedisClient(server.url, { lazyConnect: true })
    onTestFinished(() => client.disconnect())
    const store = redisStore(client, patient)
    const refs = Array.from({ length: 20 }, (_, n) => ({ tenantId: 'lazy-many', id: `${n}` }))
    await Promise.all(refs.map((ref) => store.commit(ref, { revision: 0 })))
    expect((await store.list({ tenantId: 'lazy-many', limit: 50 })).items).toHaveLength(20)
  })

  test('to a server that is not there is told in time, and no write goes out later', async () => {
    const gone = await startRedis()
    await gone.stop()
    const client = createRedisClient(gone.url, { lazyConnect: true })
    onTestFinished(() => client.disconnect())
    const store = redisStore(client, { readTimeoutMs: 100, writeTimeoutMs: 100 })
    const ref = { tenantId: 'acme', id: 'one' }
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test('what is no client, or one with callbacks, is refused by name', () => {
  const legacy = createClient({ url: server.url }).legacy()
  for (const client of [
    legacy,
    {},
    { sendCommand() {} },
    { lrange() {} },
    new Map(),
    undefined,
    null,
    server.url,
  ]) {
    expect(() => redisStore(client as unknown as RedisClient)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'client' }),
    )
  }
})

test('a client of node-redis 4 that answers by callbacks is refused in a sentence', () => {
  // As version 4 has it: the mode is in the options, and what answers by promises is in a field.
  const asVersion4 = (legacyMode: boolean) =>
    Object.defineProperties(createClient({ url: server.url }), {
      options: { value: { legacyMode, commandOptions: { timeout: 10_000 } } },
      v4: { get: () => ({}) },
    })
  expect(() => redisStore(asVersion4(true))).toThrow(
    expect.objectContaining({
      code: 'invalid',
      path: 'client',
      message: expect.stringContaining('legacyMode') as string,
    }),
  )
  expect(() => redisStore(asVersion4(false))).not.toThrow()
})

describe('a client that is not open', () => {
  const ref = { tenantId: 'acme', id: 'one' }

  async function expectTold(client: RedisClient, problem: RegExp): Promise<void> {
    const store = redisStore(client, patient)
    const told = { code: 'unavailable', message: expect.stringMatching(problem) as string }
    await expect(store.read(ref)).rejects.toMatchObject(told)
    await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject(told)
    // A command that was not sent has no unknown outcome.
    await expect(store.commit(ref, { messages: [message(1)] })).rejects.toMatchObject(told)
  }

  test('because nobody has opened it yet', async () => {
    const clients = {
      client: createClient({ url: server.url }),
      pool: createClientPool({ url: server.url }),
      cluster: createCluster({ rootNodes: [{ url: server.url }] }),
    }
    for (const client of Object.values(clients)) await expectTold(client, /call its connect\(\)/)
    const client = clients.client.on('error', () => {})
    onTestFinished(() => client.destroy())
    void client.connect()
    await useAll(client, 'opened-late')
  })

  test('because it was closed', async () => {
    const node = createClient({ url: server.url })
    node.on('error', () => {})
    await node.connect()
    await node.close()
    await expectTold(node, /call its connect\(\)/)
    const quit = ioredis(server.url)
    await quit.quit()
    await expectTold(quit, /closed/)
    const weary = ioredis('redis://127.0.0.1:1', { retryStrategy: () => null })
    await waitUntil(() => weary.status === 'end', { what: 'the client to give up' })
    await expectTold(weary, /closed/)
  })
})

describe('a Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  beforeAll(async () => {
    cluster = await startRedisCluster(3)
  })
  afterAll(() => cluster.stop())

  test('is not for a plain client, which is told so', async () => {
    const [node] = cluster.nodes
    const one = preset(node!)
    const other = createClient({ url: node!.url, commandOptions: { timeout: 10_000 } })
    other.on('error', () => {})
    await other.connect()
    onTestFinished(() => {
      one.disconnect()
      other.destroy()
    })
    for (const [index, client] of [one, other].entries()) {
      const store = redisStore(client, patient)
      const refs = Array.from({ length: 20 }, (_, n) => ({ tenantId: 'acme', id: `${index}-${n}` }))
      const calls = refs.flatMap((ref) => [store.read(ref), store.commit(ref, { revision: 0 })])
      const refusals = (await Promise.allSettled(calls)).filter((each) => each.status === 'rejected')
      expect(refusals.length).toBeGreaterThan(5)
      for (const { reason } of refusals) {
        expect(reason).toMatchObject({ message: expect.stringContaining('Cluster client') as string })
      }
    }
  })

  test('is found by checkStore, for a plain client alone', async () => {
    const plain = ioredis(cluster.nodes[0]!.url)
    const client = new Cluster([...cluster.endpoints], { redisOptions: { commandTimeout: 10_000 } })
    onTestFinished(() => {
      plain.disconnect()
      client.disconnect()
    })
    expect(await checkStore(redisStore(plain, patient))).toContainEqual({
      level: 'error',
      code: 'cluster',
      message: 'the server is a node of a Redis Cluster: give the store a Cluster client',
    })
    const findings = await checkStore(redisStore(client, patient))
    expect(findings.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('is served by a client that connects with its first command', async () => {
    const client = new Cluster([...cluster.endpoints], {
      lazyConnect: true,
      redisOptions: { commandTimeout: 10_000 },
    })
    onTestFinished(() => client.disconnect())
    await useAll(client, 'lazy-cluster')
  })

  test('that moves a slot is asked again until the keys of the session are together', async () => {
    const client = createCluster({ rootNodes: cluster.endpoints.map((socket) => ({ socket })) })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const store = redisStore(client, { ...patient, onWarning: () => {} })
    const ref = { tenantId: 'acme', id: 'moving' }
    await store.commit(ref, { revision: 0, messages: [message(1)] })

    const { log, ids } = new Keys('sessions').session(ref)
    const slot = String(await sendRedis(cluster.nodes[0]!, ['CLUSTER', 'KEYSLOT', log]))
    const counts = await Promise.all(
      cluster.nodes.map((node) => sendRedis(node, ['CLUSTER', 'COUNTKEYSINSLOT', slot])),
    )
    const from = cluster.nodes[counts.findIndex((count) => Number(count) > 0)]!
    const to = cluster.nodes.find((node) => node !== from)!
    const idOf = async (node: RedisServer) => String(await sendRedis(node, ['CLUSTER', 'MYID']))
    const move = (key: string) => sendRedis(from, ['MIGRATE', to.host, String(to.port), key, '0', '5000'])
    await sendRedis(to, ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from)])
    await sendRedis(from, ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to)])
    await move(ids)

    const appended = store.commit(ref, { messages: [message(2)] })
    await waitUntil(async () => String(await sendRedis(from, ['INFO', 'errorstats'])).includes('TRYAGAIN'), {
      what: 'Redis to say TRYAGAIN',
    })
    await move(log)
    for (const node of cluster.nodes) {
      await sendRedis(node, ['CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to)])
    }
    expect((await appended).messages).toMatchObject([{ seq: 2, inserted: true }])
    expect((await store.read(ref, { tail: 5 }))?.messages).toMatchObject([message(1), message(2)])
  })
})
