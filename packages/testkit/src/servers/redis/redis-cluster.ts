import type { Endpoint } from '../../network/exchange.js'
import { freePortPair } from '../../network/free-port.js'
import { sendRedis } from './redis-command.js'
import { startRedisOn, type RedisServer } from './redis.js'
import { waitUntil } from '../../wait-until.js'

/** A Redis Cluster that this process started. */
export interface RedisCluster {
  /** The masters at the start; each can be killed, paused and restarted alone. */
  readonly nodes: readonly RedisServer[]
  /** A replica of each of `nodes`, in their order, when there are to be some. */
  readonly replicas: readonly RedisServer[]
  /** Addresses where a client may begin. */
  readonly endpoints: readonly Endpoint[]
  /** Waits until every node reports the cluster as ok again, as after the restart of one node. */
  settled(): Promise<void>
  /**
   * Moves a slot, and all keys in it, one after the other: in between the keys of a slot are on two nodes. Both have to be
   * masters.
   */
  moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void>
  /** Waits until a node is a master: when its own master is down, its fellows promote it. */
  promoted(node: RedisServer): Promise<void>
  /** Ends all nodes and removes their data. */
  stop(): Promise<void>
}

const slots = 16_384
// The port of the cluster bus is the node's port plus this.
const busOffset = 10_000

/**
 * Starts a Redis Cluster, the slots shared out evenly, and waits until it is ok.
 *
 * @param options.replicas Whether each master has a replica (default: none has).
 */
export async function startRedisCluster(
  masters = 3,
  { replicas = false }: { replicas?: boolean } = {},
): Promise<RedisCluster> {
  const starts = Array.from({ length: replicas ? 2 * masters : masters }, () =>
    startRedisOn(() => freePortPair(busOffset), { args: nodeArgs }),
  )
  const all: RedisServer[] = []
  try {
    for (const start of await Promise.allSettled(starts)) {
      if (start.status === 'rejected') throw start.reason
      all.push(start.value)
    }
    await Promise.all(all.slice(0, masters).map((node, index) => assignSlots(node, index, masters)))
    for (const node of all.slice(1)) {
      await sendRedis(node, ['CLUSTER', 'MEET', all[0]!.host, String(all[0]!.port)])
    }
    await untilOk(all, masters)
    for (const [index, replica] of all.slice(masters).entries()) await follow(replica, all[index]!)
  } catch (error) {
    await stopAll(starts)
    throw error
  }
  return {
    nodes: all.slice(0, masters),
    replicas: all.slice(masters),
    endpoints: all.map(({ host, port }) => ({ host, port })),
    settled: () => untilOk(all, masters),
    moveSlot: (slot, from, to) => moveSlot(all, slot, from, to),
    promoted: (node) => promoted(node),
    stop: () => stopAll(starts),
  }
}

async function idOf(node: RedisServer): Promise<string> {
  return String(await sendRedis(node, ['CLUSTER', 'MYID']))
}

async function follow(replica: RedisServer, master: RedisServer): Promise<void> {
  const id = await idOf(master)
  // It has to have heard of the master before.
  await waitUntil(
    () =>
      sendRedis(replica, ['CLUSTER', 'REPLICATE', id]).then(
        () => true,
        () => false,
      ),
    { what: `the Redis on port ${replica.port} to become a replica` },
  )
  await waitUntil(async () => /master_link_status:up/.test(await replicationOf(replica)), {
    what: `the Redis on port ${replica.port} to follow the one on port ${master.port}`,
  })
}

async function promoted(node: RedisServer): Promise<void> {
  await waitUntil(async () => /role:master/.test(await replicationOf(node)), {
    what: `the Redis on port ${node.port} to be promoted`,
  })
}

async function replicationOf(node: RedisServer): Promise<string> {
  return String(await sendRedis(node, ['INFO', 'replication']))
}

async function moveSlot(
  all: readonly RedisServer[],
  slot: number,
  from: RedisServer,
  to: RedisServer,
): Promise<void> {
  const [source, target] = await Promise.all([idOf(from), idOf(to)])
  const name = String(slot)
  await sendRedis(to, ['CLUSTER', 'SETSLOT', name, 'IMPORTING', source])
  await sendRedis(from, ['CLUSTER', 'SETSLOT', name, 'MIGRATING', target])
  for (;;) {
    const keys = (await sendRedis(from, ['CLUSTER', 'GETKEYSINSLOT', name, '1'])) as string[]
    if (keys[0] === undefined) break
    await sendRedis(from, ['MIGRATE', to.host, String(to.port), keys[0], '0', '5000'])
  }
  for (const node of [to, from, ...all.filter((other) => other !== to && other !== from)]) {
    // A replica hears of it from its master.
    await sendRedis(node, ['CLUSTER', 'SETSLOT', name, 'NODE', target]).catch(() => undefined)
  }
}

const nodeArgs = [
  '--cluster-enabled yes',
  '--cluster-config-file nodes.conf',
  '--cluster-node-timeout 2000',
  '--cluster-announce-ip 127.0.0.1',
].flatMap((arg) => arg.split(' '))

async function assignSlots(node: RedisServer, index: number, masters: number): Promise<void> {
  const first = Math.floor((index * slots) / masters)
  const end = Math.floor(((index + 1) * slots) / masters)
  const mine = Array.from({ length: end - first }, (_, offset) => String(first + offset))
  // One by one, because ADDSLOTSRANGE is not in Redis 6.2.
  await sendRedis(node, ['CLUSTER', 'ADDSLOTS', ...mine])
  // With different epochs from the start, the nodes need no vote about them.
  await sendRedis(node, ['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)])
}

async function untilOk(nodes: readonly RedisServer[], masters: number): Promise<void> {
  let seen = ''
  const isOk = async (): Promise<boolean> => {
    const infos = await Promise.all(nodes.map((node) => sendRedis(node, ['CLUSTER', 'INFO'])))
    seen = infos.join('\n')
    return infos.every(
      (info) =>
        /cluster_state:ok/.test(String(info)) &&
        Number(/cluster_size:(\d+)/.exec(String(info))?.[1]) === masters,
    )
  }
  await waitUntil(isOk, {
    what: 'the Redis Cluster to be ok on every node',
    detail: () => seen,
  })
}

async function stopAll(starts: readonly Promise<RedisServer>[]): Promise<void> {
  const settled = await Promise.allSettled(starts)
  const started = settled.filter((start) => start.status === 'fulfilled')
  await Promise.all(started.map(({ value }) => value.stop()))
}
