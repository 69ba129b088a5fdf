/**
 * A client of ioredis that is set up for a store. It needs ioredis.
 *
 * @packageDocumentation
 */
import { SessionError, telling } from '@sessions/core/store'
import { Redis, type RedisOptions } from 'ioredis'
import { rememberProblems } from './commands/remembered-problem.js'

/** What `createRedisClient` takes: the options of ioredis, but for one. */
export interface CreateRedisClientOptions extends Omit<RedisOptions, 'replyMapping'> {
  /** Told of lost connections, which the client mends by itself (default: nobody; calls fail while it lasts). */
  onError?: (error: Error) => void
}

const longestPauseMs = 1000

/**
 * An ioredis client whose every command settles soon, whatever becomes of the server: answered within 5.5 s or failed,
 * refused at once while there is no connection, never sent twice. After a failover it looks for the new primary.
 *
 * @param url such as `redis://localhost:6379` or `rediss://user:password@host:6380/0`.
 * @param options win over all of this. With `sentinels` and `name` the sentinels tell the host, and the URL has the
 * rest: `redis://user:password@sentinels/0`.
 *
 * @throws `invalid` when neither the URL nor `options` names a server, and for the URL of something else.
 */
export function createRedisClient(url: string, options: CreateRedisClientOptions = {}): Redis {
  if (typeof options !== 'object' || options === null)
    throw new SessionError('invalid', 'options must be an object', { path: 'options' })
  const { onError = () => {}, ...others } = options
  const isNamed =
    (typeof url === 'string' && url !== '') || (others.host ?? others.path ?? others.sentinels) !== undefined
  if (!isNamed) {
    const what = url === '' ? 'empty' : String(url)
    throw new SessionError(
      'invalid',
      `url is ${what}: is its environment variable set? Without a URL, ioredis would connect to this machine.`,
      { path: 'url' },
    )
  }
  checkScheme(url)
  const settings: Omit<RedisOptions, 'replyMapping'> = {
    // This is longer than the store waits, so the deadlines of the store do not mistake a process that was held up for
    // a server that hangs.
    commandTimeout: 5500,
    connectTimeout: 1000,
    socketTimeout: 3000,
    // Without this, one Sentinel that hangs would keep the client from asking the next.
    sentinelCommandTimeout: 500,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // The client never gives up. Its first tries come soon, and not all processes try at one moment.
    retryStrategy: (times) => Math.min(25 * 2 ** times, longestPauseMs) * (0.5 + Math.random() / 2),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...others,
  }
  const client = connect(url, settings)
  client.on('error', telling('onError', onError))
  rememberProblems(client)
  return client
}

/** ioredis would take the name of another scheme for that of a host. No word of a URL is told, as it may have a password. */
function checkScheme(url: string): void {
  const scheme = typeof url === 'string' ? /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1] : undefined
  const isRedis = scheme === undefined ? !/\s/.test(url ?? '') : /^rediss?$/i.test(scheme)
  if (isRedis) return
  throw noAddress()
}

function connect(url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  try {
    const client = new Redis(url, options)
    if (!Number.isNaN(client.options.db)) return client
    client.disconnect()
  } catch (error) {
    // It tells the URL.
    if (!(error instanceof URIError) && (error as { code?: unknown }).code !== 'ERR_INVALID_URL') throw error
  }
  throw noAddress()
}

function noAddress(): SessionError {
  const example = 'such as redis://localhost:6379/0; what is special in a password is percent-encoded'
  return new SessionError('invalid', `url must be an address of Redis, ${example}`, { path: 'url' })
}
