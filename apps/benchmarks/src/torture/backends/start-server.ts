import { migrate } from '@sessions/store-postgres'
import { type Server, startPostgres, startRedis } from '@sessions/testkit'
import type { ServerKind } from './open-store.js'
import { shardNames } from './shards.js'

/** A real server for the store, with settings that lose no data when it is killed. */
export async function startServer(kind: ServerKind): Promise<Server> {
  if (kind === 'redis' || kind === 'tiered') return startRedis({ args: ['--appendfsync', 'always'] })
  const postgres = await startPostgres()
  if (kind === 'sharded') for (const tablePrefix of shardNames) await migrate(postgres.url, { tablePrefix })
  else await migrate(postgres.url)
  return postgres
}
