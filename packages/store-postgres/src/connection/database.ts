import { setDeadline } from '@sessions/core/store'
import { isLost, judge, TimedOut } from './errors.js'
import type { Statement } from './statement.js'

export type Value = string | number | null | readonly (string | number | null)[]

/** The columns of a row, in order. */
export type Row = readonly unknown[]

/** One call of the store. */
export interface Call {
  /**
   * The one tenant that the call may see, encoded; undefined for a sweep, which looks for expired sessions of all
   * tenants.
   */
  tenant: string | undefined
  /** When the call must have settled, by `performance.now()`. */
  until: number
  /** True for a call that changes something: when its answer is lost, the outcome is unknown. */
  writes: boolean
}

export interface Connection {
  /** Rejects with the error of the driver, or with `TimedOut`. */
  query(statement: Statement, values: readonly Value[], prepare: boolean): Promise<Row[]>
  /** Runs commands without values, one after the other. Rejects as `query` does. */
  script(commands: readonly string[]): Promise<void>
}

/** The source of connections. */
export interface ConnectionSource {
  /** Whether statements can be prepared under names. */
  readonly prepares: boolean
  /** False when an attempt to connect may hang for good. */
  readonly hasTimeout: boolean
  /** Whether it closes a connection that does not answer in time, of which the server need not hear, and makes another. */
  readonly abandons: boolean
  /** Lends a connection to `work`. It rejects with `TimedOut` when none comes, or `work` does not end, by `until`. */
  use<T>(until: number, work: (connection: Connection) => Promise<T>): Promise<T>
}

export type Run = (statement: Statement, values: readonly Value[]) => Promise<Row[]>

/** The SQL that names a tenant, when a statement may only be about one tenant. */
export interface TenantSql {
  /** Opens a transaction for a tenant, or for a sweep. */
  begin: (tenant: string | undefined) => string[]
  /** Goes on in the same transaction, for another tenant. */
  enter: (tenant: string) => string[]
}

export interface DatabaseOptions {
  /** Whether statements are prepared under their names. */
  prepare: boolean
  /** When given, every statement is in a transaction of its tenant. */
  tenantSql?: TenantSql | undefined
  /**
   * Settles once the database is known to be fit. It is called before the first statement, and again after a failure.
   */
  check?: ((source: ConnectionSource, until: number) => Promise<void>) | undefined
}

// Who holds a row then sees what others have committed, whatever isolation the role or the pool asks for by default.
export const begin = 'begin isolation level read committed'

const maxRetries = 3
const retryMs = 10

/** Runs statements within deadlines, and again where that is safe; rejects with a `SessionError`. */
export class Database {
  readonly #source: ConnectionSource
  readonly #tenantSql: TenantSql | undefined
  readonly #check: DatabaseOptions['check']
  #prepare: boolean
  #checked: Promise<void> | undefined

  constructor(source: ConnectionSource, { prepare, tenantSql, check }: DatabaseOptions) {
    this.#source = source
    this.#prepare = prepare
    this.#tenantSql = tenantSql
    this.#check = check
  }

  /** One statement, on its own. */
  run(statement: Statement, values: readonly Value[], call: Call): Promise<Row[]> {
    if (this.#tenantSql !== undefined) return this.transaction(call, (run) => run(statement, values))
    return this.#retrying(call, (attempt) =>
      this.#source.use(call.until, async (connection) => {
        attempt.committing = true
        return connection.query(statement, values, this.#prepare)
      }),
    )
  }

  /** Runs some statements, all or none of them. It runs `work` again when the database asks for it. */
  transaction<T>(
    call: Call,
    work: (run: Run, enter: (tenant: string) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    return this.#retrying(call, async (attempt) => {
      await this.#beFit(call)
      return this.#source.use(call.until, async (connection) => {
        await connection.script(this.#tenantSql?.begin(call.tenant) ?? [begin])
        let result: T
        try {
          result = await work(
            (statement, values) => connection.query(statement, values, this.#prepare),
            async (tenant) => {
              if (this.#tenantSql !== undefined) await connection.script(this.#tenantSql.enter(tenant))
            },
          )
        } catch (error) {
          // The server rolls back by itself when a connection is lost.
          if (!isLost(error)) await connection.script(['rollback'])
          throw error
        }
        attempt.committing = true
        await connection.script(['commit'])
        return result
      })
    })
  }

  async #beFit(call: Call): Promise<void> {
    if (this.#check === undefined) return
    try {
      await (this.#checked ??= this.#check(this.#source, call.until))
    } catch (error) {
      this.#checked = undefined
      throw error
    }
  }

  async #retrying<T>(call: Call, once: (attempt: { committing: boolean }) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const attempt = { committing: false }
      try {
        return await once(attempt)
      } catch (error) {
        const verdict = judge(error, { unknown: call.writes && attempt.committing })
        if (verdict.unprepared) this.#stopPreparing()
        const pauseMs = retryMs * tries * (0.5 + Math.random())
        if (!verdict.retry || tries > maxRetries || performance.now() + pauseMs >= call.until)
          throw verdict.error
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  #stopPreparing(): void {
    if (!this.#prepare) return
    this.#prepare = false
    process.emitWarning(
      'Prepared statements do not last on these connections, as behind a pooler, or where the application sends DISCARD ALL: ' +
        'going on without them. ' +
        'Set `prepare: false`, or `max_prepared_statements` of PgBouncer 1.21 or later.',
      { type: 'SessionsWarning', code: 'SESSIONS_POSTGRES_UNPREPARED' },
    )
  }
}

/** Settles as `promise` does, or rejects with `TimedOut` at `until`. */
export function within<T>(until: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = setDeadline(until - performance.now(), () => reject(new TimedOut()))
    promise.then(resolve, reject).finally(stop)
  })
}
