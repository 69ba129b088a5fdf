import { once } from 'node:events'
import type { SessionBus, SessionStore } from '@sessions/core/store'
import { createPostgresPool, migrate, postgresBus, postgresStore } from '@sessions/store-postgres'
import { redisBus, redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'

export type LiveBackend = 'redis' | 'postgres'

export const credentialSecrets = ['a secret of the benchmark, long enough']
export const watched = { tenantId: 'acme', userId: 'alice' }

export interface Opened {
  readonly store: SessionStore
  readonly bus: SessionBus
  readonly close: () => Promise<void>
}

/** A store of the backend, and its bus. */
export async function openLive(backend: LiveBackend, url: string): Promise<Opened> {
  if (backend === 'redis') {
    const [client, subscriber] = [createRedisClient(url), createRedisClient(url)]
    await Promise.all([client, subscriber].map((each) => once(each, 'ready')))
    const bus = redisBus(client, subscriber)
    const close = async (): Promise<void> => {
      await bus.close()
      client.disconnect()
      subscriber.disconnect()
    }
    return { store: redisStore(client), bus, close }
  }
  const pool = createPostgresPool(url, { max: 10 })
  await migrate(pool)
  const bus = postgresBus({ publish: pool, listen: url })
  const close = async (): Promise<void> => {
    await bus.close()
    await pool.end()
  }
  return { store: postgresStore(pool), bus, close }
}

/** The same in every process of a machine, to some microseconds. */
export const machineNow = (): number => performance.timeOrigin + performance.now()
