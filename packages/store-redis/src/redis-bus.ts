import {
  type BusChannels,
  channelBus,
  checkOptions,
  type SessionBus,
  SessionError,
} from '@sessions/core/store'

/** The methods of ioredis' `Redis` and `Cluster` that the bus uses. */
export interface IoredisSubscriber {
  readonly status: string
  readonly options?: object
  publish(channel: string, text: string): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: (...args: string[]) => void): unknown
  off(event: string, listener: (...args: string[]) => void): unknown
  connect?(): Promise<unknown>
  /** With true it connects anew. */
  disconnect?(reconnect?: boolean): void
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
 * @throws `invalid` for what is no such client, for one client in both places, and for an option that there is not.
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
  checkOptions<RedisBusOptions>(options, { prefix: 'text' })
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
    restart: () => listening.restart?.(),
    close: () => listening.close(),
  })
}

function noClient(path: string): SessionError {
  return new SessionError('invalid', `${path} must be a client of ioredis or node-redis`, { path })
}

type Listening = Omit<BusChannels, 'send'>

// A new connection that is not ready after this is given up.
const readyMs = 5000

/**
 * After a new connection the bus subscribes again by itself. ioredis would, too, but tells nobody when that fails: the
 * process ends, or hears nothing any more. A Cluster takes care of it.
 */
function ioredisChannels(client: IoredisSubscriber): Listening {
  const listeners = new Map<string, (text: string) => void>()
  const ends: (() => void)[] = []
  let isDeaf = false
  let isClosed = false
  const on = (event: string, listener: (...args: string[]) => void): void => {
    client.on(event, listener)
    ends.push(() => client.off(event, listener))
  }
  let connected: Promise<void> | undefined
  const options: { autoResubscribe?: boolean } | undefined = client.options
  const asGiven = options?.autoResubscribe
  const isOurs = asGiven !== undefined
  if (isOurs) {
    options!.autoResubscribe = false
    ends.push(() => (options!.autoResubscribe = asGiven))
  }
  on('message', (channel = '', text = '') => listeners.get(channel)?.(text))
  // ioredis asks over a new connection whether the server is ready, and waits for the answer for ever.
  let connecting: ReturnType<typeof setTimeout> | undefined
  on('connect', () => {
    clearTimeout(connecting)
    connecting = setTimeout(() => {
      if (client.status === 'connect') client.disconnect?.(true)
    }, readyMs)
    if (typeof connecting === 'object') connecting.unref()
  })
  ends.push(() => clearTimeout(connecting))

  async function listenAgain(): Promise<void> {
    if (!isDeaf) return
    try {
      if (listeners.size > 0) await client.subscribe(...listeners.keys())
      isDeaf = false
    } catch {
      // An answer that comes now would be taken for that of a later request. A new connection knows of neither.
      if (!isClosed && client.status === 'ready') client.disconnect?.(true)
    }
  }

  return {
    get isUp() {
      return client.status === 'ready' && !isDeaf
    },
    async listen(channel, onText) {
      listeners.set(channel, onText)
      try {
        await (connected ??= firstConnected(client))
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
      on('close', () => {
        isDeaf = isOurs
        onGap()
      })
      // What came before it listens again was missed.
      on('ready', () => void listenAgain().then(onGap))
    },
    restart() {
      // Nothing tells a client that only listens of a connection that passes nothing on.
      if (client.status === 'ready') client.disconnect?.(true)
    },
    async close() {
      isClosed = true
      for (const end of ends.splice(0)) end()
    },
  }
}

/**
 * A client without a queue refuses what comes before its first connection. One that lost its connection is down, and one
 * that gets none says so when it is to listen; one with a queue tries on.
 */
async function firstConnected(client: IoredisSubscriber): Promise<void> {
  if (client.status === 'wait') await client.connect?.().catch(() => {})
  if (client.status !== 'connecting' && client.status !== 'connect') return
  await new Promise<void>((resolve) => {
    const events = ['ready', 'close', 'end']
    const settle = () => {
      for (const event of events) client.off(event, settle)
      resolve()
    }
    for (const event of events) client.on(event, settle)
  })
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
