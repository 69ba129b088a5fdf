import { SessionError } from '@sessions/core/store'
import { CompiledQuery, type Kysely } from 'kysely'
import { type Connection, type ConnectionSource, type Row, type Value, within } from './database.js'
import { isLost, TimedOut } from './errors.js'

type Ask = (text: string, values: readonly Value[]) => Promise<Row[]>

// What parsers of an application would make something else of: a JSON text, a number, a date, and what a trim or another
// case would change.
const samples = ['{"a":1}', '0042', 'true', '2026-01-01T00:00:00Z', ' \u00c9a \u{1f642} ', '']

/**
 * Connections of a `Kysely`. It names no statement, so the server parses each one anew. It keeps a statement that times
 * out.
 */
export class KyselySource<Tables> implements ConnectionSource {
  readonly prepares = false
  // A Kysely shows nothing of its driver.
  readonly hasTimeout = true
  readonly #kysely: Kysely<Tables>
  #givesTexts = false

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
        const ask: Ask = async (text, values) => {
          checkTime()
          const { rows } = await run(text, values)
          return rows.map((row) => Object.values(row as object) as unknown[])
        }
        try {
          if (!this.#givesTexts) await checkTexts(ask)
          this.#givesTexts = true
          return await work({
            query: (statement, values) => ask(statement.text, values),
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

/**
 * The driver of a `Kysely` parses what it reads as the application has told it to, and nothing tells it otherwise. So the
 * store asks once whether a text comes as it is.
 *
 * @throws `store_failed` when it does not.
 */
async function checkTexts(ask: Ask): Promise<void> {
  const columns = samples.map((_, index) => `$${index + 1}::text as c${index}`)
  let cause: unknown
  try {
    const [row] = await ask(`select ${columns.join(', ')}`, samples)
    if (samples.every((text, index) => row?.[index] === text)) return
  } catch (error) {
    if (!isLost(error) || error instanceof TimedOut) throw error
    // Either the connection is lost, or the driver cannot read this: there is nothing to read in the next answer.
    await ask('select null as nothing', [])
    cause = error
  }
  const problem =
    'this Kysely does not give the texts of Postgres as they are: its driver has a type parser for text (oid 25), or is ' +
    'one of another database'
  throw new SessionError('store_failed', problem, { cause })
}
