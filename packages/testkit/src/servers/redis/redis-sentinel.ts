import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from '../../network/exchange.js'
import { findRedis } from '../../find/find-redis.js'
import { freePort } from '../../network/free-port.js'
import { sendRedis } from './redis-command.js'
import { startRedisReplicaPair } from './redis-replica-pair.js'
import type { RedisServer } from './redis.js'
import { ServerProcess } from '../../process/server-process.js'
import { toServer, type Server } from '../server.js'
import { waitUntil } from '../../wait-until.js'
import { createWorkDir } from '../../process/work-dir.js'

/** A Redis, a replica of it, and Sentinels that watch both. */
export interface RedisSentinel {
  /** The name of the pair in the Sentinels. */
  readonly name: string
  /** Addresses where a client may begin: the Sentinels. */
  readonly endpoints: readonly Endpoint[]
  /** Each can be killed, paused and restarted alone. */
  readonly sentinels: readonly Server[]
  /** The pair: the server that began as the primary first. */
  readonly servers: readonly RedisServer[]
  /**
   * The server of the pair that all Sentinels call the primary. Waits while they disagree, or while it does not act as
   * one.
   */
  primary(): Promise<RedisServer>
  /** A failover on demand: the replica takes over, and the former primary follows it. */
  failover(): Promise<void>
  /**
   * Starts a killed server as a replica of the primary, and waits until it follows. The Sentinels would do so
   * themselves some ten seconds later.
   */
  rejoin(server: RedisServer): Promise<void>
  /** Ends all of them and removes their data. */
  stop(): Promise<void>
}

const name = 'sessions'
const downAfterMs = 500
// How often a Sentinel asks servers for their role, and exchanges it with other Sentinels, in milliseconds.
const quickly = ['info-period', '1000', 'publish-period', '200', 'ask-period', '200']

/**
 * Starts a Redis with a replica, and Sentinels that agree on them. The Sentinels take half a second of silence for a
 * crash.
 */
export async function startRedisSentinel(count = 3): Promise<RedisSentinel> {
  const pair = await startRedisReplicaPair()
  const servers = [pair.primary, pair.replica]
  const starts = Array.from({ length: count }, () => startOne(pair.primary, Math.floor(count / 2) + 1))
  const stop = async (): Promise<void> => {
    const settled = await Promise.allSettled(starts)
    const started = settled.filter((start) => start.status === 'fulfilled')
    // End the Sentinels first; they would take the end of the servers for a crash.
    await Promise.all(started.map(({ value }) => value.stop()))
    await pair.stop()
  }
  try {
    const sentinels = await Promise.all(starts)
    await untilWatching(sentinels)
    const primary = (): Promise<RedisServer> => primaryOf(sentinels, servers)
    return {
      name,
      endpoints: sentinels.map(({ host, port }) => ({ host, port })),
      sentinels,
      servers,
      primary,
      failover: () => failover(sentinels, servers, primary),
      rejoin: async (server) => rejoin(server, primary),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startOne(primary: Endpoint, quorum: number): Promise<Server> {
  const { command, version } = await findRedis()
  const workDir = createWorkDir('redis')
  const file = join(workDir, 'sentinel.conf')
  const settings = [
    `dir ${workDir}`,
    'bind 127.0.0.1',
    // A later run recognizes the process by the dir in its command line.
    'set-proc-title no',
    `sentinel monitor ${name} ${primary.host} ${primary.port} ${quorum}`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} 3000`,
  ]
  // Written once: a Sentinel stores its knowledge in this file.
  writeFileSync(file, `${settings.join('\n')}\n`)
  const process = await ServerProcess.start({
    name: `Sentinel of Redis ${version}`,
    workDir,
    command,
    args: (port) => [file, '--sentinel', '--port', String(port)],
    env: globalThis.process.env,
    pickPort: freePort,
    isReady: (_pid, log) => log.includes('Sentinel ID is'),
  })
  const server = toServer(process, `redis://127.0.0.1:${process.port}`)
  // Redis 6.2 has no such setting, and takes up to ten seconds to learn a replica's new role.
  await sendRedis(server, ['SENTINEL', 'DEBUG', ...quickly]).catch(() => undefined)
  return server
}

/** Waits until every Sentinel knows the others and the replica; before that, no replica could be promoted. */
async function untilWatching(sentinels: readonly Server[]): Promise<void> {
  let seen = ''
  const isWatching = async (): Promise<boolean> => {
    const states = await Promise.all(sentinels.map(stateOf))
    seen = JSON.stringify(states)
    return states.every(
      (state) =>
        state['flags'] === 'master' &&
        state['num-slaves'] === '1' &&
        Number(state['num-other-sentinels']) === sentinels.length - 1,
    )
  }
  await waitUntil(isWatching, {
    what: 'the Sentinels to know each other',
    detail: () => seen,
  })
}

async function stateOf(sentinel: Endpoint): Promise<Record<string, string>> {
  const reply = (await sendRedis(sentinel, ['SENTINEL', 'MASTER', name])) as string[]
  const state: Record<string, string> = {}
  for (let index = 0; index + 1 < reply.length; index += 2) state[reply[index]!] = reply[index + 1]!
  return state
}

async function primaryOf(
  sentinels: readonly Server[],
  servers: readonly RedisServer[],
): Promise<RedisServer> {
  const agreed = async (): Promise<RedisServer | undefined> => {
    const states = await Promise.all(sentinels.map((each) => stateOf(each).catch(() => undefined)))
    const ports = new Set(states.flatMap((state) => (state === undefined ? [] : [state['port']])))
    const found = servers.find(({ port }) => ports.size === 1 && ports.has(String(port)))
    if (found === undefined) return undefined
    const role = await sendRedis(found, ['ROLE'], { timeoutMs: 500 }).catch(() => undefined)
    return Array.isArray(role) && role[0] === 'master' ? found : undefined
  }
  return waitUntil(agreed, { what: 'the Sentinels to agree on a primary' })
}

async function failover(
  sentinels: readonly Server[],
  servers: readonly RedisServer[],
  primary: () => Promise<RedisServer>,
): Promise<void> {
  const former = await primary()
  const isDone = async (): Promise<boolean> => {
    if ((await primary()) !== former) return true
    // Ask again, because a Sentinel refuses, or gives up, while it has no news from the replica.
    const { port, flags } = await stateOf(sentinels[0]!)
    if (port === String(former.port) && flags === 'master') {
      await sendRedis(sentinels[0]!, ['SENTINEL', 'FAILOVER', name]).catch(() => undefined)
    }
    return false
  }
  await waitUntil(isDone, { what: 'the failover' })
  const follows = async (): Promise<boolean> => {
    const now = await primary()
    const role = await sendRedis(
      servers.find((each) => each !== now)!,
      ['ROLE'],
    ).catch(() => undefined)
    return Array.isArray(role) && role[0] === 'slave' && role[3] === 'connected'
  }
  await waitUntil(follows, { what: 'the former primary to follow' })
}

async function rejoin(server: RedisServer, primary: () => Promise<RedisServer>): Promise<void> {
  const { host, port } = await primary()
  await server.restart()
  await sendRedis(server, ['REPLICAOF', host, String(port)])
  const follows = async (): Promise<boolean> => {
    const role = await sendRedis(server, ['ROLE'])
    return Array.isArray(role) && role[3] === 'connected'
  }
  await waitUntil(follows, { what: `the Redis on port ${server.port} to follow` })
}
