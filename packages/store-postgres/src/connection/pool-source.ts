import { SessionError, setDeadline } from '@sessions/core/store'
import type { Pool, PoolClient, QueryArrayConfig, QueryArrayResult } from 'pg'
import type { Connection, ConnectionSource, Row, Value } from './database.js'
import { isLost, TimedOut } from './errors.js'
import { type Statement, toStatement } from './statement.js'

// In a pool without a timeout a caller waits for a connection even after we gave up. More waiting callers than these
// are too many.
const maxWaiting = 1000

// Every value comes as text, whatever the application made of `pg.types`. A pool with `binary: true` gives bytes.
const textTypes = { getTypeParser: () => (text: string | Uint8Array) => String(text) }

type Connected = Parameters<Pool['connect']>[0]

function isPromise<T>(value: unknown): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}

const listening = new WeakSet<object>()

/** Connections of a `pg.Pool`. The pool stays its owner's: it is not configured and not closed. */
export class PoolSource implements ConnectionSource {
  readonly prepares = true
  readonly abandons = true
  readonly hasTimeout: boolean
  readonly #pool: Pool
  /** Whether it is known to answer as a pool of `pg` does. */
  #isKnown: boolean

  constructor(pool: Pool) {
    this.#pool = pool
    const isNew = listen(pool)
    // Some objects that stand in for a pool show no options.
    const { options } = pool as { options?: Pool['options'] }
    this.hasTimeout = Boolean(options?.connectionTimeoutMillis)
    this.#isKnown = options !== undefined
    if (!this.hasTimeout && isNew) {
      process.emitWarning(
        'This pg.Pool has no connectionTimeoutMillis: a connection attempt that hangs takes its place for good. ' +
          'createPostgresPool() sets one.',
        { type: 'SessionsWarning', code: 'SESSIONS_POSTGRES_POOL' },
      )
    }
  }

  async use<T>(until: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const lease = await Lease.take(this.#pool, until)
    try {
      if (!this.#isKnown) await checkAnswers(lease)
      this.#isKnown = true
      return await work(lease)
    } catch (error) {
      lease.broken ||= isLost(error)
      throw error
    } finally {
      lease.end()
    }
  }
}

/** A connection for as long as one piece of work has it. It is destroyed at the end unless it is known to be idle. */
class Lease implements Connection {
  broken = false
  #client: PoolClient | undefined
  #release: ((error?: Error | boolean) => void) | undefined
  #reject: (error: Error) => void
  readonly #stopDeadline: () => void

  private constructor(until: number, reject: (error: Error) => void) {
    this.#reject = reject
    this.#stopDeadline = setDeadline(until - performance.now(), () => {
      this.broken = true
      this.#reject(new TimedOut())
    })
  }

  static take(pool: Pool, until: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      if (pool.waitingCount >= maxWaiting) {
        reject(new Error('timeout exceeded when trying to connect: too many wait already'))
        return
      }
      const lease = new Lease(until, reject)
      const refused = new Set<PoolClient>()
      const connected: Connected = (error, client, release) => {
        if (client === undefined) {
          lease.#stopDeadline()
          reject(error ?? new TimedOut())
          return
        }
        if (lease.broken) {
          // The connection comes too late for its caller, and is as good as new.
          release()
          return
        }
        if (isInTransaction(client) && !refused.has(client)) {
          refused.add(client)
          // A pool closes it, and the server rolls back. What stands in for a pool may give the same one again, and mean it.
          release(new Error('given back to the pool inside a transaction'))
          warnOfTransaction()
          connect()
          return
        }
        listen(client)
        lease.#client = client
        lease.#release = release
        resolve(lease)
      }
      // `pg` calls back. What stands in for its pool may know promises alone.
      const connect = (): void => {
        const promised = pool.connect(connected) as unknown
        if (!isPromise<PoolClient>(promised)) return
        promised.then(
          (client) => {
            if (lease.#client !== client) connected(undefined, client, (error) => client.release(error))
          },
          (error: unknown) => connected(error as Error, undefined, () => {}),
        )
      }
      connect()
    })
  }

  query(statement: Statement, values: readonly Value[], prepare: boolean): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      if (this.broken) {
        reject(new TimedOut())
        return
      }
      this.#reject = reject
      const done = (error: Error | null | undefined, result: QueryArrayResult<Row[]>) => {
        if (error) reject(error)
        else resolve(result.rows)
      }
      this.#ask(toConfig(statement, values, prepare), done)
    })
  }

  // All commands go at once: Postgres takes several in one query when there are no values.
  async script(commands: readonly string[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      if (this.broken) {
        reject(new TimedOut())
        return
      }
      this.#reject = reject
      const done = (error: Error | null | undefined) => {
        if (error) reject(error)
        else resolve()
      }
      this.#ask({ text: commands.join('; '), types: textTypes }, done)
    })
  }

  // With a callback `query` of `pg` gives no promise, whatever its type says. What stands in for it may give one alone.
  #ask(config: object, done: (error: Error | null, result: QueryArrayResult<Row[]>) => void): void {
    const promised = this.#client!.query(config as never, done as never) as unknown
    if (!isPromise<QueryArrayResult<Row[]>>(promised)) return
    promised
      .then((result) => done(null, result))
      .catch((error: unknown) => done(error as Error, undefined as never))
  }

  end(): void {
    this.#stopDeadline()
    this.#release?.(this.broken)
  }
}

const sample = '{"a":"\u00c9\u{1f642}"}'
const sampleStatement = toStatement('sample', 'select $1::text as sample, 2::int8 as number, null as nothing')

/**
 * Asks once what stands in for a pool, before anything is stored by it.
 *
 * @throws `store_failed` for one that answers otherwise than `pg`.
 */
async function checkAnswers(connection: Connection): Promise<void> {
  let cause: unknown
  try {
    const [row] = await connection.query(sampleStatement, [sample], false)
    if (row?.[0] === sample && row[1] === '2' && row[2] === null) return
  } catch (error) {
    // Those of a server and of a network have a code, or name what they did not get.
    const isUsual = /timeout|terminated|connect/i.test(String(error))
    if (error instanceof TimedOut || isUsual || (error as { code?: unknown }).code !== undefined) throw error
    cause = error
  }
  const problem = 'what stands in for the pool answers otherwise than the pg.Pool that the store needs'
  throw new SessionError('store_failed', problem, { cause })
}

function toConfig({ name, text }: Statement, values: readonly Value[], prepare: boolean): QueryArrayConfig {
  return {
    text,
    values: values as Value[],
    rowMode: 'array',
    types: textTypes,
    ...(prepare ? { name } : {}),
  }
}

/** Whether the application has left a transaction open, of which all that is written here would be a part. */
function isInTransaction(client: { getTransactionStatus?: () => string | null }): boolean {
  const status = client.getTransactionStatus?.()
  return status === 'T' || status === 'E'
}

let isWarned = false

function warnOfTransaction(): void {
  if (isWarned) return
  isWarned = true
  process.emitWarning(
    'A connection was given back to the pg.Pool inside a transaction, and was closed: what is written in one that nobody ' +
      'commits is lost. Let the application end each transaction before it releases the connection, also after an error.',
    { type: 'SessionsWarning', code: 'SESSIONS_POSTGRES_TRANSACTION' },
  )
}

// When the server ends an idle connection, the connection emits `error`. Without a listener that ends the process.
// True for what nobody listened to before.
function listen(emitter: { on?(event: 'error', listener: () => void): unknown }): boolean {
  if (listening.has(emitter)) return false
  listening.add(emitter)
  emitter.on?.('error', () => {})
  return true
}
