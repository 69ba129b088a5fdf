import type { RedisCommands } from './redis-commands.js'

/** What is used of `@upstash/redis`. */
export interface UpstashClient {
  lrange(key: string, first: number, last: number): Promise<unknown>
  evalsha(sha: string, keys: string[], args: string[]): Promise<unknown>
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
}

// The client reads replies as JSON where it can. Everything the store keeps begins with a letter that no JSON begins
// with, so that it cannot.
export function upstashCommands(client: UpstashClient): RedisCommands {
  return {
    isCluster: false,
    // HTTP: nothing piles up behind a dead connection.
    hasTimeout: true,
    isReady: () => true,
    onceChanged: () => {},
    range: (key, first, last) => client.lrange(key, first, last),
    runKnown: ({ sha }, keys, args) => client.evalsha(sha, [...keys], [...args]),
    run: ({ text }, keys, args) => client.eval(text, [...keys], [...args]),
  }
}
