import type { RedisCommands } from './redis-commands.js'

/** The methods of `@upstash/redis` that the store uses. */
export interface UpstashClient {
  lrange(key: string, first: number, last: number): Promise<unknown>
  evalsha(sha: string, keys: string[], args: string[]): Promise<unknown>
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
}

// The client reads replies as JSON where it can. Everything that the store keeps begins with a letter that no JSON
// begins with, so the client cannot read it as JSON.
export function upstashCommands(client: UpstashClient): RedisCommands {
  return {
    isCluster: false,
    // The client speaks HTTP, so no commands pile up behind a dead connection.
    hasTimeout: true,
    givesUp: false,
    isReady: () => true,
    whyClosed: () => undefined,
    onceChanged: () => {},
    watchErrors: () => () => {},
    range: (key, first, last) => client.lrange(key, first, last),
    runKnown: (sha, keys, args) => client.evalsha(sha, [...keys], [...args]),
    run: ({ text }, keys, args) => client.eval(text, [...keys], [...args]),
  }
}
