import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { memoryStore, type SessionStore } from '@sessions/core'

type Env = Readonly<Record<string, string | undefined>>

const openers: Readonly<Record<string, (env: Env) => Promise<SessionStore>>> = {
  memory: async () => memoryStore(),

  async sqlite(env) {
    const path = resolve(env['SESSIONS_SQLITE'] || 'data/sessions.db')
    if (!(await hasLibsql())) {
      console.log('sessions are in memory, and end with this process: there is no libsql for this platform')
      return memoryStore()
    }
    const { migrate, sqliteStore } = await import('@sessions/store-sqlite')
    mkdirSync(dirname(path), { recursive: true })
    // What is wrong with the file is told now, not with the first message.
    await migrate(path)
    console.log(`sessions are in ${path}`)
    return sqliteStore(path)
  },

  async redis(env) {
    const { createRedisClient } = await import('@sessions/store-redis/client')
    const { redisStore } = await import('@sessions/store-redis')
    const client = createRedisClient(wanted(env, 'REDIS_URL'))
    try {
      await once(client, 'ready')
    } catch (error) {
      client.disconnect()
      throw error
    }
    return redisStore(client)
  },

  async postgres(env) {
    const { createPostgresPool, migrate, postgresStore } = await import('@sessions/store-postgres')
    const pool = createPostgresPool(wanted(env, 'DATABASE_URL'))
    try {
      // A demo creates its tables itself; a service runs its migrations before it is deployed.
      await migrate(pool)
    } catch (error) {
      await pool.end()
      throw error
    }
    return postgresStore(pool)
  },
}

/**
 * The store that `CHAT_STORE` names, or else the one with a URL, Postgres first, or else a file: at `SESSIONS_SQLITE`, or
 * in the folder `data` of this app.
 *
 * @throws for an unknown name, for a store without a URL, and when the server does not answer.
 */
export async function openStore(env: Env): Promise<SessionStore> {
  const name = env['CHAT_STORE'] || (env['DATABASE_URL'] ? 'postgres' : env['REDIS_URL'] ? 'redis' : 'sqlite')
  const open = Object.hasOwn(openers, name) ? openers[name]! : undefined
  if (open === undefined) {
    throw new Error(`CHAT_STORE=${name} is unknown; there are: ${Object.keys(openers).join(', ')}`)
  }
  return open(env)
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
