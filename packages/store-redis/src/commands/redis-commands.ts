import type { RedisScript } from '../scripts/redis-script.js'

export type RunScript = (
  script: RedisScript,
  keys: readonly string[],
  args: readonly string[],
) => Promise<unknown>

/** All that the store asks of a client: one implementation for each kind of client. */
export interface RedisCommands {
  /** True when the keys of one script must be in one slot, as on a Cluster. */
  readonly isCluster: boolean
  /** False for a client without an own bound on how long a command may take. */
  readonly hasTimeout: boolean
  /** True for a client that makes no new connection when it has lost one, or when its server was silent. */
  readonly givesUp: boolean
  /** True when a command would go out now, or be refused at once: not when the client would put it in a queue. */
  isReady: () => boolean
  /** Why the client takes no commands until its owner opens it; undefined while it does, or will by itself. */
  whyClosed: () => string | undefined
  /** Why the client has no connection, of a client that remembers it; undefined while it has one. */
  whyDown?: () => unknown
  /** Calls back once when `isReady` may have changed. */
  onceChanged: (callback: () => void) => void
  /** `LRANGE`. */
  range: (key: string, first: number, last: number) => Promise<unknown>
  /** `EVALSHA`. Rejects with `NOSCRIPT` when the server does not know the script. */
  runKnown: (sha: string, keys: readonly string[], args: readonly string[]) => Promise<unknown>
  /** `EVAL`, after which the server knows the script. */
  run: RunScript
  /** Calls back with each error that the client tells of by itself, until the function that it returns is called. */
  watchErrors: (callback: (error: unknown) => void) => () => void
  /** A command about the server itself; absent when the client has none. */
  ask?: (command: readonly string[]) => Promise<unknown>
}
