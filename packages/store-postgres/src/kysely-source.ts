import { CompiledQuery, type Kysely } from 'kysely'
import { type Connection, type ConnectionSource, within } from './database.js'
import { TimedOut } from './errors.js'

/** Connections of a `Kysely`. It names no statement, so each one is parsed anew; and it keeps what times out. */
export class KyselySource<Tables> implements ConnectionSource {
  readonly #kysely: Kysely<Tables>

  constructor(kysely: Kysely<Tables>) {
    this.#kysely = kysely
  }

  use<T>(until: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    // Whoever asked was told that nothing happened: a connection that comes later must not make it happen.
    const checkTime = () => {
      if (performance.now() >= until) throw new TimedOut()
    }
    const done = this.#kysely.connection().execute((kysely) => {
      checkTime()
      return work({
        async query(statement, values) {
          checkTime()
          const text = typeof statement === 'string' ? statement : statement.text
          const { rows } = await kysely.executeQuery(CompiledQuery.raw(text, [...values]))
          return rows.map((row) => Object.values(row as object) as unknown[])
        },
      })
    })
    return within(until, done)
  }
}
