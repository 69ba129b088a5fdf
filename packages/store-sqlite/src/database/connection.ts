import { SessionError } from '@sessions/core/store'
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.js'

/** One row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** A connection that prepares each statement once. */
export class Connection {
  readonly #database: SqliteDatabase
  /** The statements by their texts; the package has a few dozen. */
  readonly #prepared = new Map<string, SqliteStatement>()
  #textLength = 0

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  all(sql: string, ...values: readonly SqliteValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  /** The first row. Of one row, drivers make less work than of a list. */
  first(sql: string, ...values: readonly SqliteValue[]): Row | undefined {
    // `bun:sqlite` gives null when there is none.
    return (this.#prepare(sql).get(...values) as Row | null | undefined) ?? undefined
  }

  run(sql: string, ...values: readonly SqliteValue[]): void {
    this.#run(sql, values)
  }

  /** Runs a statement that changes rows, and tells how many. */
  change(sql: string, ...values: readonly SqliteValue[]): number {
    const result = this.#run(sql, values)
    const told =
      typeof result === 'object' && result !== null && 'changes' in result ? result.changes : undefined
    return Number(told ?? this.first('select changes() as count')?.['count'])
  }

  /** How many UTF-16 units of text the connection was given to write since this was asked last. */
  takeTextLength(): number {
    const length = this.#textLength
    this.#textLength = 0
    return length
  }

  /** Applies all that `work` does, or nothing. Work that only reads sees one moment. */
  transaction<T>(begin: 'begin' | 'begin immediate', work: () => T): T {
    // The store never prepares `begin`: a prepared statement of libsql that found the database busy would stay half
    // done, and in the way.
    this.exec(begin)
    let result: T
    try {
      result = work()
      this.exec('commit')
    } catch (error) {
      this.rollback()
      throw error
    }
    return result
  }

  rollback(): void {
    try {
      this.#database.exec('rollback')
    } catch {
      // An error that ends the transaction by itself, such as a full disk, leaves nothing to roll back.
    }
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #run(sql: string, values: readonly SqliteValue[]): unknown {
    for (const value of values) if (typeof value === 'string') this.#textLength += value.length
    return this.#prepare(sql).run(...values)
  }

  #prepare(sql: string): SqliteStatement {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) this.#prepared.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }
}

/** A connection to a database of the application. @throws `invalid` for anything else. */
export function toConnection(database: SqliteDatabase): Connection {
  if (typeof database === 'object' && database !== null && 'prepare' in database && 'exec' in database) {
    return new Connection(database)
  }
  const more = database === undefined ? ', and this is undefined: is its environment variable set?' : ''
  const problem =
    'database must be the path of a file, or a database of libsql, better-sqlite3, node:sqlite or bun:sqlite'
  throw new SessionError('invalid', `${problem}${more}`, { path: 'database' })
}
