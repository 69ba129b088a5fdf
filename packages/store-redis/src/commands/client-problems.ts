import type { StoreFinding } from '@sessions/core/store'
import type { RedisCommands } from './redis-commands.js'

const noTimeout: StoreFinding = {
  level: 'warning',
  code: 'timeout',
  message:
    'the client has no command timeout: while its server does not answer, commands pile up in its memory. Set commandTimeout of ioredis, or commandOptions.timeout of node-redis',
}
const noReconnect: StoreFinding = {
  level: 'warning',
  code: 'reconnect',
  message:
    'the client gives up: once its server was away, it makes no new connection, and no call is answered any more. Set retryStrategy of ioredis, or reconnectStrategy of node-redis, to a function',
}

/** What is wrong with the settings of a client, and what to do about it. */
export function clientProblems({ hasTimeout, givesUp }: RedisCommands): StoreFinding[] {
  return [...(hasTimeout ? [] : [noTimeout]), ...(givesUp ? [noReconnect] : [])]
}
