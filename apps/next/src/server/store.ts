import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { memoryBus, memoryStore, type SessionStore } from '@sessions/core'
import type { SearchIndex, SearchSettings } from '@sessions/core/search'
import type { SessionBus } from '@sessions/core/store'
import { sealingFrom } from './sealed.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Where the sessions are, and what tells open pages of their changes; without a bus they ask. */
export interface OpenStore {
  readonly store: SessionStore
  readonly bus?: SessionBus
  /** How old what is shown may be. */
  readonly reads?: { readonly maxAgeMs: number }
  /** Where the words are that a search finds; without it a search reads what was said. */
  readonly search?: SearchSettings
}

interface Opened extends Omit<OpenStore, 'search'> {
  readonly index?: SearchIndex
}

const inMemory = (): OpenStore => ({ store: memoryStore(), bus: memoryBus() })

// Without this word the build takes the whole project for what the server may read, and lays it out with the server.
const fileOf = (env: Env): string =>
  resolve(/* turbopackIgnore: true */ env['SESSIONS_SQLITE'] || 'data/sessions.db')

async function openFile(path: string): Promise<OpenStore> {
  if (!(await hasLibsql())) {
    console.log('sessions are in memory, and end with this process: there is no libsql for this platform')
    return inMemory()
  }
  const { migrate, sqliteStore } = await import('@sessions/store-sqlite')
  mkdirSync(dirname(path), { recursive: true })
  // What is wrong with the file is told now, not with the first message.
  await migrate(path)
  console.log(`sessions are in ${path}`)
  // Another process may write into the file, of which no bus would tell.
  return { store: sqliteStore(path) }
}

const openers: Readonly<Record<string, (env: Env) => Promise<Opened>>> = {
  memory: async () => inMemory(),

  sqlite: async (env) => openFile(fileOf(env)),

  async sharded(env) {
    const { hashRoute, shardedStore } = await import('@sessions/store-sharded')
    const open = async (name: string) =>
      (await openFile(fileOf(env).replace(/(\.\w+)?$/, `-${name}$1`))).store
    const [north, south, home] = [await open('north'), await open('south'), await open('home')]
    const route = hashRoute(['north', 'south'], { by: 'session' })
    return { store: shardedStore({ shards: { north, south }, route, home }) }
  },

  async redis(env) {
    const { createRedisClient } = await import('@sessions/store-redis/client')
    const { redisBus, redisStore } = await import('@sessions/store-redis')
    const url = wanted(env, 'REDIS_URL')
    const client = createRedisClient(url)
    try {
      await once(client, 'ready')
    } catch (error) {
      client.disconnect()
      throw error
    }
    return { store: redisStore(client), bus: redisBus(client, createRedisClient(url)) }
  },

  async tiered(env) {
    const { tieredStore } = await import('@sessions/store-tiered')
    const { store: last, bus } = await openers['redis']!(env)
    const hot = { maxBytes: 64 * 1024 * 1024 }
    const store = tieredStore(last, { hot, ...(bus === undefined ? {} : { bus }) })
    return { store, reads: { maxAgeMs: 5000 }, ...(bus === undefined ? {} : { bus }) }
  },

  async postgres(env) {
    const { createPostgresPool, migrate, postgresBus, postgresSearch, postgresStore } =
      await import('@sessions/store-postgres')
    const url = wanted(env, 'DATABASE_URL')
    const pool = createPostgresPool(url)
    try {
      // A demo creates its tables itself; a service runs its migrations before it is deployed.
      await migrate(pool)
    } catch (error) {
      await pool.end()
      throw error
    }
    const bus = postgresBus({ publish: pool, listen: url })
    return { store: postgresStore(pool), bus, index: postgresSearch(pool) }
  },
}

/**
 * The store that `CHAT_STORE` names, or else the one with a URL, Postgres first, or else a file: at `SESSIONS_SQLITE`, or
 * in the folder `data` of this app. With `SESSIONS_KEY` and `SESSIONS_INDEX_KEY` it is sealed.
 *
 * @throws for an unknown name, for a store without a URL, for keys that cannot be used, and when the server does not
 *   answer.
 */
export async function openStore(env: Env): Promise<OpenStore> {
  const name = env['CHAT_STORE'] || (env['DATABASE_URL'] ? 'postgres' : env['REDIS_URL'] ? 'redis' : 'sqlite')
  const open = Object.hasOwn(openers, name) ? openers[name]! : undefined
  if (open === undefined) {
    throw new Error(`CHAT_STORE=${name} is unknown; there are: ${Object.keys(openers).join(', ')}`)
  }
  const sealing = sealingFrom(env)
  const { store, index, ...others } = await open(env)
  const { terms } = sealing
  const search = index && { index, ...(terms === undefined ? {} : { terms }) }
  return { ...others, store: sealing.store(store), ...(search === undefined ? {} : { search }) }
}

function wanted(env: Env, name: string): string {
  const value = env[name]
  if (!value) throw new Error(`${name} is missing`)
  return value
}

async function hasLibsql(): Promise<boolean> {
  try {
    await import('libsql')
    return true
  } catch {
    return false
  }
}
