import type { Endpoint } from '../network/exchange.js'
import { freePortPair } from '../network/free-port.js'
import { sendRedis } from './redis-command.js'
import { startRedisOn, type RedisServer } from './redis.js'
import { waitUntil } from '../wait-until.js'

/** A Redis Cluster that this process started. */
export interface RedisCluster {
  /** The masters; each can be killed, paused and restarted alone. */
  readonly nodes: readonly RedisServer[]
  /** Addresses where a client may begin. */
  readonly endpoints: readonly Endpoint[]
  /** Waits until every node reports the cluster as ok again, as after the restart of one node. */
  settled(): Promise<void>
  /** Ends all nodes and removes their data. */
  stop(): Promise<void>
}

const slots = 16_384
// The port of the cluster bus is the node's port plus this.
const busOffset = 10_000

/** Starts a Redis Cluster of masters without replicas, the slots shared out evenly, and waits until it is ok. */
export async function startRedisCluster(masters = 3): Promise<RedisCluster> {
  const starts = Array.from({ length: masters }, () =>
    startRedisOn(() => freePortPair(busOffset), { args: nodeArgs }),
  )
  const nodes: RedisServer[] = []
  try {
    for (const start of await Promise.allSettled(starts)) {
      if (start.status === 'rejected') throw start.reason
      nodes.push(start.value)
    }
    await Promise.all(nodes.map((node, index) => assignSlots(node, index, masters)))
    for (const node of nodes.slice(1)) {
      await sendRedis(node, ['CLUSTER', 'MEET', nodes[0]!.host, String(nodes[0]!.port)])
    }
    await untilOk(nodes, masters)
  } catch (error) {
    await stopAll(starts)
    throw error
  }
  return {
    nodes,
    endpoints: nodes.map(({ host, port }) => ({ host, port })),
    settled: () => untilOk(nodes, masters),
    stop: () => stopAll(starts),
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
