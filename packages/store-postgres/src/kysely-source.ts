import { CompiledQuery, type Kysely } from 'kysely'
import { type Connection, type ConnectionSource, type Value, within } from './database.js'
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
    // What the application's plugins make of names and values is for its own queries.
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
            // One by one: not every driver takes several commands at once.
            async script(commands) {
              for (const command of commands) {
                checkTime()
                await run(command, [])
              }
            },
          })
        } catch (error) {
          // Kysely takes the connection back whatever became of it; it must not take a transaction with it.
          if (error instanceof TimedOut) await run('rollback', [])
          throw error
        }
      })
    return within(until, done)
  }
}
