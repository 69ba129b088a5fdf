import { migrate } from '@sessions/store-postgres'
import { type Server, startPostgres, startRedis } from '@sessions/testkit'
import type { ServerKind } from './open-store.js'

/** A real server of our own, ready for the store, that loses nothing when it is killed. */
export async function startServer(kind: ServerKind): Promise<Server> {
  if (kind === 'redis') return startRedis({ args: ['--appendfsync', 'always'] })
  const postgres = await startPostgres()
  await migrate(postgres.url)
  return postgres
}
