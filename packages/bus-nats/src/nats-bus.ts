import { channelBus, checkOptions, type SessionBus, SessionError } from '@sessions/core/store'

/** What the bus uses of a connection of `@nats-io/transport-node` 3. */
export interface NatsConnection {
  readonly info?: { readonly max_payload: number } | undefined
  isClosed(): boolean
  publish(subject: string, payload: string): void
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: { string(): string }) => void },
  ): { unsubscribe(): void }
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
  reconnect?(): Promise<void>
}

/** Options of `natsBus`. */
export interface NatsBusOptions {
  /** What its subjects begin with (default `sessions`). All processes that share sessions have the same. */
  prefix?: string
}

const mostBytes = 1024 * 1024

/**
 * A bus over NATS, for `createSessions({ bus })`. It tells of changes within some milliseconds, whatever store the
 * sessions are in. What gets lost, as while a connection is down, is noticed, and watchers look.
 *
 * @param connection It stays the host's. With `maxReconnectAttempts: -1` it never gives up.
 * @throws `invalid` for what is no connection, and for a prefix that is no subject.
 *
 * @example
 * ```ts
 * import { connect } from '@nats-io/transport-node'
 * import { natsBus } from '@sessions/bus-nats'
 * import { createSessions } from '@sessions/core'
 *
 * const connection = await connect({ servers: 'localhost:4222', maxReconnectAttempts: -1 })
 * const sessions = createSessions({ bus: natsBus(connection) })
 * ```
 */
export function natsBus(connection: NatsConnection, options: NatsBusOptions = {}): SessionBus {
  checkOptions<NatsBusOptions>(options, { prefix: 'text' })
  const { prefix = 'sessions' } = options
  const calls = ['publish', 'subscribe', 'flush', 'status', 'isClosed'] as const
  if (calls.some((call) => typeof connection?.[call] !== 'function')) {
    throw invalid('connection must be a connection of NATS', 'connection')
  }
  if (!/^[\w-]+(\.[\w-]+)*$/.test(prefix)) {
    throw invalid('prefix must be words of letters, digits, _ and -, with dots between them', 'prefix')
  }
  const statuses: AsyncIterable<{ readonly type: string }> & { stop?(): void } = connection.status()
  let isLost = false
  const isUp = (): boolean => !isLost && !connection.isClosed()

  async function follow(onGap: () => void): Promise<void> {
    for await (const { type } of statuses) {
      if (type === 'disconnect') isLost = true
      if (type === 'reconnect') isLost = false
      if (type === 'disconnect' || type === 'reconnect' || type === 'close') onGap()
    }
  }

  return channelBus({
    maxTextBytes: connection.info?.max_payload ?? mostBytes,
    get isUp() {
      return isUp()
    },
    async send(channel, text) {
      // The client would keep it for later, when others have long looked by themselves.
      if (!isUp()) throw new SessionError('unavailable', 'the connection of NATS is down')
      connection.publish(`${prefix}.${channel}`, text)
      // The bus bounds what is under way: it is until the server has it.
      await connection.flush()
    },
    async listen(channel, onText) {
      try {
        const subscription = connection.subscribe(`${prefix}.${channel}`, {
          callback: (error, message) => {
            if (error === null) onText(message.string())
          },
        })
        await connection.flush()
        return async () => subscription.unsubscribe()
      } catch (cause) {
        throw new SessionError('unavailable', 'the bus cannot listen now', { cause })
      }
    },
    watch: (onGap) => void follow(onGap).catch(onGap),
    restart: () => void connection.reconnect?.().catch(() => {}),
    close: async () => statuses.stop?.(),
  })
}

function invalid(problem: string, path: string): SessionError {
  return new SessionError('invalid', problem, { path })
}
