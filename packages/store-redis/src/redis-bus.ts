import { type BusChannels, channelBus, type SessionBus, SessionError } from '@sessions/core/store'

/** The methods of ioredis' `Redis` and `Cluster` that the bus uses. */
export interface IoredisSubscriber {
  readonly status: string
  publish(channel: string, text: string): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: (...args: string[]) => void): unknown
  off(event: string, listener: (...args: string[]) => void): unknown
}

/** The methods of node-redis' client that the bus uses. */
export interface NodeRedisSubscriber {
  readonly isReady: boolean
  publish(channel: string, text: string): Promise<unknown>
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  unsubscribe(channel: string, listener?: (text: string) => void): Promise<unknown>
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/** Options of `redisBus`. */
export interface RedisBusOptions {
  /** What the names of its channels begin with (default `sessions:`). All processes that share sessions have the same. */
  prefix?: string
}

type Subscriber = IoredisSubscriber | NodeRedisSubscriber

/**
 * A bus over the channels of Redis, for `createSessions({ bus })`. It tells of changes within some milliseconds,
 * whatever store the sessions are in. What gets lost, as while a connection is down, is noticed, and watchers look.
 *
 * @param publisher A client of ioredis or node-redis, such as that of the store. The bus only publishes with it.
 * @param subscriber A client of its own, of the same kind: once it listens to channels it takes no other commands.
 * Both stay the host's.
 * @throws `invalid` for what is no such client, and for one client in both places.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { redisBus, redisStore } from '@sessions/store-redis'
 * import { createRedisClient } from '@sessions/store-redis/client'
 *
 * const client = createRedisClient('redis://localhost:6379')
 * const bus = redisBus(client, createRedisClient('redis://localhost:6379'))
 * const sessions = createSessions({ store: redisStore(client), bus })
 * ```
 */
export function redisBus(
  publisher: Pick<Subscriber, 'publish'>,
  subscriber: Subscriber,
  options: RedisBusOptions = {},
): SessionBus {
  const { prefix = 'sessions:' } = options
  if (typeof publisher?.publish !== 'function') throw noClient('publisher')
  if (typeof subscriber?.subscribe !== 'function') throw noClient('subscriber')
  if ((publisher as unknown) === subscriber) {
    throw new SessionError('invalid', 'subscriber must be a client of its own', { path: 'subscriber' })
  }
  const listening = 'status' in subscriber ? ioredisChannels(subscriber) : nodeRedisChannels(subscriber)
  return channelBus({
    get isUp() {
      return listening.isUp
    },
    send: (channel, text) => publisher.publish(prefix + channel, text),
    listen: (channel, onText) => listening.listen(prefix + channel, onText),
    watch: (onGap) => listening.watch(onGap),
    close: () => listening.close(),
  })
}

function noClient(path: string): SessionError {
  return new SessionError('invalid', `${path} must be a client of ioredis or node-redis`, { path })
}

type Listening = Omit<BusChannels, 'send'>

/** The client subscribes again by itself after a new connection, and says nothing of what it missed. */
function ioredisChannels(client: IoredisSubscriber): Listening {
  const listeners = new Map<string, (text: string) => void>()
  const ends: (() => void)[] = []
  const on = (event: string, listener: (...args: string[]) => void): void => {
    client.on(event, listener)
    ends.push(() => client.off(event, listener))
  }
  on('message', (channel = '', text = '') => listeners.get(channel)?.(text))
  return {
    get isUp() {
      return client.status === 'ready'
    },
    async listen(channel, onText) {
      listeners.set(channel, onText)
      try {
        await client.subscribe(channel)
      } catch (cause) {
        listeners.delete(channel)
        throw unavailable(cause)
      }
      return async () => {
        listeners.delete(channel)
        await client.unsubscribe(channel).catch(() => {})
      }
    },
    watch(onGap) {
      for (const event of ['close', 'ready']) on(event, onGap)
    },
    async close() {
      for (const end of ends.splice(0)) end()
    },
  }
}

function nodeRedisChannels(client: NodeRedisSubscriber): Listening {
  const ends: (() => void)[] = []
  return {
    get isUp() {
      return client.isReady
    },
    async listen(channel, onText) {
      try {
        await client.subscribe(channel, onText)
      } catch (cause) {
        throw unavailable(cause)
      }
      return async () => {
        await client.unsubscribe(channel, onText).catch(() => {})
      }
    },
    watch(onGap) {
      for (const event of ['reconnecting', 'ready', 'end']) {
        client.on(event, onGap)
        ends.push(() => client.off(event, onGap))
      }
    },
    async close() {
      for (const end of ends.splice(0)) end()
    },
  }
}

function unavailable(cause: unknown): SessionError {
  return new SessionError('unavailable', 'the bus cannot listen now', { cause })
}
