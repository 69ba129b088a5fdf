import { type Connection, type ConnectionSource, type Row, type Value, within } from './database.js'
import { TimedOut } from './errors.js'
import type { Statement } from './statement.js'

/** A Postgres inside this process, as `PGlite` of `@electric-sql/pglite` is one: what the store uses of it. */
export interface EmbeddedPostgres extends EmbeddedConnection {
  readonly waitReady: Promise<unknown>
  transaction(work: (transaction: EmbeddedTransaction) => Promise<void>): Promise<unknown>
}

/** What takes a query of a `PGlite`. */
export interface EmbeddedConnection {
  query(text: string, values?: unknown[], options?: object): Promise<{ readonly rows: readonly unknown[] }>
}

/** A transaction of a `PGlite`. */
export interface EmbeddedTransaction extends EmbeddedConnection {
  rollback(): Promise<unknown>
}

// The types of the columns that statements of the store give.
const types = [16, 20, 21, 23, 25, 700, 701, 1043, 1700]
const options = {
  rowMode: 'array',
  parsers: Object.fromEntries(types.map((type) => [type, (text: string) => text])),
}

/**
 * The one connection of a `PGlite`. Its queries wait for the end of a transaction that it knows of, so the store begins and
 * ends each transaction by its method: statements of the application never get into it.
 */
export class PGliteSource implements ConnectionSource {
  readonly prepares = false
  readonly abandons = false
  readonly hasTimeout = true
  readonly #database: EmbeddedPostgres

  constructor(database: EmbeddedPostgres) {
    this.#database = database
  }

  use<T>(until: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    return within(until, this.#run(new Turn(this.#database, until), work))
  }

  async #run<T>(turn: Turn, work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await work(turn)
    } finally {
      await turn.end('rollback')
    }
  }
}

/** One piece of work: a few queries, or a transaction. */
class Turn implements Connection {
  readonly #database: EmbeddedPostgres
  readonly #until: number
  #transaction: EmbeddedTransaction | undefined
  #closed: Promise<unknown> | undefined
  #close: (by: 'commit' | 'rollback') => void = () => {}

  constructor(database: EmbeddedPostgres, until: number) {
    this.#database = database
    this.#until = until
  }

  async query({ text }: Statement, values: readonly Value[]): Promise<Row[]> {
    // The caller was told that nothing happened, so nothing must happen later.
    if (performance.now() >= this.#until) throw new TimedOut()
    const { rows } = await (this.#transaction ?? this.#database).query(text, [...values], options)
    return rows as Row[]
  }

  async script(commands: readonly string[]): Promise<void> {
    for (const text of commands) {
      if (text.startsWith('begin')) await this.#begin()
      else if (text === 'commit' || text === 'rollback') await this.end(text)
      else await this.query({ name: '', text }, [])
    }
  }

  /** Ends the transaction, if there is one. */
  async end(by: 'commit' | 'rollback'): Promise<void> {
    const closed = this.#closed
    this.#closed = undefined
    this.#close(by)
    await closed
    this.#transaction = undefined
  }

  async #begin(): Promise<void> {
    const end = new Promise<'commit' | 'rollback'>((resolve) => {
      this.#close = resolve
    })
    await new Promise<void>((resolve, reject) => {
      this.#closed = this.#database.transaction(async (transaction) => {
        this.#transaction = transaction
        resolve()
        if ((await end) === 'rollback') await transaction.rollback()
      })
      this.#closed.catch(reject)
    })
  }
}
