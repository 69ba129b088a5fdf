import { channelBus, checkOptions, type SessionBus, SessionError } from '@sessions/core/store'
import type pg from 'pg'
import { Listener } from './listener.js'
import { checkAddress } from '../connection/pool.js'

/** Options of `postgresBus`. */
export interface PostgresBusOptions {
  /** A pool, such as that of the store: notices are sent by it, beside the commits. It stays the host's. */
  publish: Pick<pg.Pool, 'query'>
  /**
   * The URL by which the bus listens, on a connection of its own. It must lead to the server itself: a pooler that
   * lends a connection for one transaction forgets who listens.
   */
  listen: string
  /** The channel of the database that notices go over (default `sessions`). */
  channel?: string
}

// A connection that does not answer for so long is given up.
const answerMs = 5000
// Payloads that one statement sends.
const mostAtOnce = 50
// The server takes no payload of 8,000 bytes.
const maxPayloadBytes = 7800

/**
 * A bus over NOTIFY, for `createSessions({ bus })`. One statement sends what a process has to tell of 25
 * ms, or of 45 when that is a lot. It is no part of any commit: a NOTIFY in it would make all commits of the database wait
 * for each other.
 *
 * @throws `invalid` for a wrong option. Whoever subscribes gets `unavailable` when the server cannot be reached, and
 * `store_failed` when `listen` leads to a pooler that passes no notices on.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createPostgresPool, postgresBus, postgresStore } from '@sessions/store-postgres'
 *
 * const url = 'postgres://localhost/chat'
 * const pool = createPostgresPool(url)
 * const bus = postgresBus({ publish: pool, listen: url })
 * const sessions = createSessions({ store: postgresStore(pool), bus })
 * ```
 */
export function postgresBus(options: PostgresBusOptions): SessionBus {
  checkOptions<PostgresBusOptions>(options ?? null, { publish: true, listen: true, channel: 'text' })
  const { publish, listen, channel = 'sessions' } = options
  if (typeof publish?.query !== 'function') {
    throw new SessionError('invalid', 'publish must be a pool of pg', { path: 'publish' })
  }
  if (typeof listen !== 'string' || listen === '') {
    throw new SessionError('invalid', 'listen must be the URL of the server', { path: 'listen' })
  }
  checkAddress(listen, 'listen')
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(channel)) {
    throw new SessionError('invalid', 'channel must be letters, digits and underscores', { path: 'channel' })
  }
  const sender = new Sender(publish, channel)
  const listener = new Listener(listen, channel, (text) => sender.send(text))
  return channelBus({
    maxTextBytes: maxPayloadBytes,
    get isUp() {
      return listener.isUp
    },
    send: (name, text) => sender.send(`${name} ${text}`),
    listen: (name, onText) => listener.add(name, onText),
    watch: (onGap) => listener.watch(onGap),
    restart: () => listener.restart(),
    close: () => listener.close(),
  })
}

/**
 * Sends payloads that come at the same moment, and while others are under way, together. So it takes one
 * connection of the pool, also when the server answers no more.
 */
class Sender {
  readonly #pool: Pick<pg.Pool, 'query'>
  readonly #channel: string
  #payloads: string[] = []
  #next: Promise<unknown> | undefined
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(pool: Pick<pg.Pool, 'query'>, channel: string) {
    this.#pool = pool
    this.#channel = channel
  }

  send(payload: string): Promise<unknown> {
    this.#payloads.push(payload)
    return (this.#next ??= this.#underWay.then(() => {
      const payloads = this.#payloads
      this.#payloads = []
      this.#next = undefined
      const sent = this.#sendAll(payloads)
      this.#underWay = sent.catch(() => {})
      return sent
    }))
  }

  async #sendAll(payloads: readonly string[]): Promise<void> {
    for (let from = 0; from < payloads.length; from += mostAtOnce) {
      const values = [this.#channel, ...payloads.slice(from, from + mostAtOnce)]
      // Under load, an array to take them from cost two to three percent of the commits beside it.
      const calls = values.slice(1).map((_, index) => `pg_notify($1, $${index + 2})`)
      const statement = { text: `select ${calls.join()}`, values, query_timeout: answerMs }
      await this.#pool.query(statement)
    }
  }
}
