import { CompiledQuery, type Kysely } from 'kysely'
import { type Connection, type ConnectionSource, type Value, within } from './database.js'
import { TimedOut } from './errors.js'

/**
 * Connections of a `Kysely`. It names no statement, so the server parses each one anew. It keeps a statement that times
 * out.
 */
export class KyselySource<Tables> implements ConnectionSource {
  readonly #kysely: Kysely<Tables>

  constructor(kysely: Kysely<Tables>) {
    this.#kysely = kysely
  }

  use<T>(until: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    // The caller was told that nothing happened, so a connection that comes later must not make it happen.
    const checkTime = () => {
      if (performance.now() >= until) throw new TimedOut()
    }
    // The application's plugins may change names and values, and they are for its own queries.
    const done = this.#kysely
      .withoutPlugins()
      .connection()
      .execute(async (kysely) => {
        checkTime()
        const run = (text: string, values: readonly Value[]) =>
          kysely.executeQuery(CompiledQuery.raw(text, [...values]))
        try {
          return await work({
            async query(statement, values) {
              checkTime()
              const { rows } = await run(statement.text, values)
              return rows.map((row) => Object.values(row as object) as unknown[])
            },
            // The commands go one by one: not every driver takes several at once.
            async script(commands) {
              for (const command of commands) {
                checkTime()
                await run(command, [])
              }
            },
          })
        } catch (error) {
          // Kysely takes the connection back in every case. The connection must not take an open transaction with it.
          if (error instanceof TimedOut) await run('rollback', [])
          throw error
        }
      })
    return within(until, done)
  }
}
