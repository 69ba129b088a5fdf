import type { RedisCommands } from './redis-commands.js'

interface NodeRedisBase {
  readonly isOpen: boolean
  on(event: string, listener: (error: unknown) => void): unknown
  off(event: string, listener: (error: unknown) => void): unknown
}

/** The methods of node-redis' client and of its pool that the store uses. */
export interface NodeRedisClient extends NodeRedisBase {
  sendCommand(args: string[]): Promise<unknown>
}

/** The methods of node-redis' cluster that the store uses. */
export interface NodeRedisCluster extends NodeRedisBase {
  readonly slots: unknown
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>
}

/** The methods of node-redis' sentinel that the store uses. */
export interface NodeRedisSentinel extends NodeRedisBase {
  getSentinelNode(): unknown
  sendCommand(isReadonly: boolean | undefined, args: string[]): Promise<unknown>
}

interface NodeRedisSettings {
  readonly disableOfflineQueue?: boolean
  readonly commandOptions?: { readonly timeout?: number }
  readonly socket?: { readonly socketTimeout?: number; readonly reconnectStrategy?: unknown }
}

interface NodeRedisState {
  readonly isOpen: boolean
  readonly isReady?: boolean
  readonly options?: NodeRedisSettings
  /** With the defaults of the client, of which version 6 has a timeout. */
  readonly _commandOptions?: NodeRedisSettings['commandOptions']
}

export function nodeRedisCommands(
  client: NodeRedisClient | NodeRedisCluster | NodeRedisSentinel,
): RedisCommands {
  const state: NodeRedisState = client
  const settings = state.options
  const { socketTimeout, reconnectStrategy } = settings?.socket ?? {}
  // No command goes out as read-only: a replica may not have heard yet of the last writes.
  const send = sender(client)
  return {
    isCluster: 'slots' in client,
    // Clusters, pools and sentinels do not show the options of their connections.
    hasTimeout:
      settings === undefined ||
      (state._commandOptions ?? settings.commandOptions)?.timeout !== undefined ||
      socketTimeout !== undefined,
    // What it does by itself after a lost connection it does not do after a silence.
    givesUp: reconnectStrategy === false || (reconnectStrategy === undefined && socketTimeout !== undefined),

    isReady: () => !state.isOpen || state.isReady !== false || settings?.disableOfflineQueue === true,

    whyClosed: () =>
      state.isOpen
        ? undefined
        : 'the client of Redis is not open: call its connect() before the first call, and let it connect anew by itself',

    onceChanged(callback) {
      const changed = () => {
        for (const event of ['ready', 'end']) client.off(event, changed)
        callback()
      }
      for (const event of ['ready', 'end']) client.on(event, changed)
    },

    watchErrors(callback) {
      client.on('error', callback)
      return () => client.off('error', callback)
    },

    range: (key, first, last) => send(key, ['LRANGE', key, String(first), String(last)]),
    runKnown: (sha, keys, args) => send(keys[0], ['EVALSHA', sha, String(keys.length), ...keys, ...args]),
    run: ({ text }, keys, args) => send(keys[0], ['EVAL', text, String(keys.length), ...keys, ...args]),
    ask: (command) => send(undefined, [...command]),
  }
}

function sender(
  client: NodeRedisClient | NodeRedisCluster | NodeRedisSentinel,
): (key: string | undefined, args: string[]) => Promise<unknown> {
  if ('slots' in client) return (key, args) => client.sendCommand(key, false, args)
  if ('getSentinelNode' in client) return (_, args) => client.sendCommand(false, args)
  return (_, args) => client.sendCommand(args)
}
