import type { Endpoint } from '../../network/exchange.js'
import { sendRedis } from './redis-command.js'
import { startRedis, type RedisServer } from './redis.js'
import { waitUntil } from '../../wait-until.js'

/** A Redis and its replica. */
export interface RedisReplicaPair {
  readonly primary: RedisServer
  readonly replica: RedisServer
  /** Waits until the replica has all writes that the primary had stored when this was called. */
  caughtUp(): Promise<void>
  /**
   * A failover, as Sentinel would do it: the replica accepts writes; the former primary, if it answers, follows the
   * replica and refuses writes with READONLY.
   */
  promote(): Promise<void>
  /** Ends both and removes their data. */
  stop(): Promise<void>
}

/** Starts a Redis and a replica of it, and waits until the replica follows. */
export async function startRedisReplicaPair(): Promise<RedisReplicaPair> {
  const primary = await startRedis()
  let replica: RedisServer
  try {
    replica = await startRedis()
  } catch (error) {
    await primary.stop()
    throw error
  }
  const stop = async (): Promise<void> => {
    await Promise.all([replica.stop(), primary.stop()])
  }
  try {
    await follow(replica, primary)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    primary,
    replica,
    caughtUp: () => caughtUp(primary, replica),
    promote: () => promote(primary, replica),
    stop,
  }
}

async function follow(replica: Endpoint, primary: Endpoint): Promise<void> {
  await sendRedis(replica, ['REPLICAOF', primary.host, String(primary.port)])
  await waitUntil(async () => (await replicationOf(replica)).get('master_link_status') === 'up', {
    what: `the Redis on port ${replica.port} to follow the one on port ${primary.port}`,
  })
}

async function caughtUp(primary: Endpoint, replica: Endpoint): Promise<void> {
  const offset = Number((await replicationOf(primary)).get('master_repl_offset'))
  await waitUntil(async () => Number((await replicationOf(replica)).get('slave_repl_offset')) >= offset, {
    what: 'the replica to catch up',
  })
}

async function promote(primary: Endpoint, replica: Endpoint): Promise<void> {
  await sendRedis(replica, ['REPLICAOF', 'NO', 'ONE'])
  await waitUntil(async () => (await replicationOf(replica)).get('role') === 'master', {
    what: 'the replica to be promoted',
  })
  const answers = await sendRedis(primary, ['PING'], { timeoutMs: 500 }).catch(() => undefined)
  if (answers !== undefined) await follow(primary, replica)
}

async function replicationOf(server: Endpoint): Promise<Map<string, string>> {
  const info = String(await sendRedis(server, ['INFO', 'replication']))
  return new Map(info.split('\r\n').map((line) => line.split(':') as [string, string]))
}
