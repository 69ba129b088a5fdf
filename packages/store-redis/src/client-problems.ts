import type { RedisCommands } from './redis-commands.js'

/** What is wrong with the settings of a client, and what to do about it. */
export function clientProblems({
  hasTimeout,
  givesUp,
}: RedisCommands): readonly { readonly code: string; readonly problem: string }[] {
  const timeout =
    'the client has no command timeout: while its server does not answer, commands pile up in its memory. Set commandTimeout'
  const reconnect =
    'the client gives up: once its server was away, it makes no new connection, and no call is answered any more. Set retryStrategy of ioredis, or reconnectStrategy of node-redis, to a function'
  return [
    ...(hasTimeout ? [] : [{ code: 'timeout', problem: timeout }]),
    ...(givesUp ? [{ code: 'reconnect', problem: reconnect }] : []),
  ]
}
