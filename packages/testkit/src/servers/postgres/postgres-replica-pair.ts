import { waitUntil } from '../../wait-until.js'
import { type PostgresServer, startPostgresOn, type StartPostgresOptions } from './postgres.js'
import { queryPostgres } from './postgres-query.js'

/** A PostgreSQL and its streaming replica. */
export interface PostgresReplicaPair {
  readonly primary: PostgresServer
  readonly replica: PostgresServer
  /** Waits until the replica shows all that the primary had stored when this was called. */
  caughtUp(): Promise<void>
  /** The replica takes writes from then on. Whoever had the primary has to be led there. */
  promote(): Promise<void>
  /** Ends both and removes their data. */
  stop(): Promise<void>
}

/**
 * Starts a PostgreSQL and a replica of it, and waits until the replica follows. Both begin with copies of the same data, so
 * no backup is needed.
 *
 * @param options.synchronous Whether a commit waits until the replica has it, too (default false).
 */
export async function startPostgresReplicaPair({
  synchronous = false,
  settings = {},
}: StartPostgresOptions & { synchronous?: boolean } = {}): Promise<PostgresReplicaPair> {
  const waits = synchronous ? { synchronous_standby_names: '*' } : {}
  const primary = await startPostgresOn({ settings: { ...settings, ...waits } })
  let replica: PostgresServer
  try {
    replica = await startPostgresOn({ settings }, primary)
  } catch (error) {
    await primary.stop()
    throw error
  }
  const stop = async (): Promise<void> => {
    await Promise.all([replica.stop(), primary.stop()])
  }
  try {
    await waitUntil(async () => (await one(primary, 'select count(*) from pg_stat_replication')) === '1', {
      what: 'the replica to follow',
    })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    primary,
    replica,
    async caughtUp() {
      const end = await one(primary, 'select pg_current_wal_insert_lsn()')
      const isThere = `select (pg_last_wal_replay_lsn() >= '${end}')::text`
      await waitUntil(async () => (await one(replica, isThere)) === 'true', {
        what: 'the replica to catch up',
      })
    },
    async promote() {
      await one(replica, 'select pg_promote()::text')
      await waitUntil(async () => (await one(replica, 'select pg_is_in_recovery()::text')) === 'false', {
        what: 'the replica to be promoted',
      })
    },
    stop,
  }
}

async function one(server: PostgresServer, sql: string): Promise<string> {
  return String((await queryPostgres(server, sql))[0]?.[0])
}
