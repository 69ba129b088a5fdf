import { SessionError } from '@sessions/core/store'
import type { CompiledQuery, Kysely } from 'kysely'
import { type Connection, type ConnectionSource, type Row, type Value, within } from './database.js'
import { isLost, TimedOut } from './errors.js'

/** Whether each of its connections is a session of its own. */
type Kind = 'server' | 'embedded'

const kinds = new WeakMap<object, Promise<Kind>>()

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
  readonly abandons = false
  // A Kysely shows nothing of its driver.
  readonly hasTimeout = true
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
          kysely.executeQuery(rawQuery(takingTexts(text), values.map(toText)))
        const ask: Ask = async (text, values) => {
          checkTime()
          const { rows } = await run(text, values)
          return rows.map((row) => Object.values(row as object) as unknown[])
        }
        const connection: Connection = {
          query: (statement, values) => ask(statement.text, values),
          // The commands go one by one: not every driver takes several at once.
          async script(commands) {
            for (const command of commands) {
              checkTime()
              await run(command, [])
            }
          },
        }
        const worked = async () => {
          try {
            return await work(connection)
          } catch (error) {
            // Kysely takes the connection back in every case. The connection must not take an open transaction with it.
            if (error instanceof TimedOut) await run('rollback', [])
            throw error
          }
        }
        return (await this.#kind(ask)) === 'embedded' ? inTurn(worked) : worked()
      })
    return within(until, done)
  }

  /** Asks once for all stores on this Kysely: a later question could get into a transaction of another call. */
  async #kind(ask: Ask): Promise<Kind> {
    const known = kinds.get(this.#kysely)
    if (known !== undefined) {
      const kind = await known.catch(() => undefined)
      if (kind !== undefined) return kind
    }
    const asked = kindOf(ask)
    kinds.set(this.#kysely, asked)
    return asked
  }
}

// As `CompiledQuery.raw` makes it: whoever brings no Kysely is not to load its code.
const rawQuery = (sql: string, values: readonly (string | null)[]): CompiledQuery => ({
  sql,
  parameters: [...values],
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: crypto.randomUUID() },
})

// Drivers make of a value what they think that its type wants: postgres.js makes false of the text 'true', and needs to know
// the types of a database before it can send a list. Every driver sends a text as it is, so a statement gets texts alone, and
// Postgres makes of them what they are.
function takingTexts(sql: string): string {
  // A statement says the type of a value once, or wherever the value stands.
  const types = new Map<string, string>()
  for (const [, number, type] of sql.matchAll(/\$(\d+)::(\w+(?:\[\])?)/g)) types.set(number!, type!)
  return sql.replaceAll(/\$(\d+)(?:::\w+(?:\[\])?)?/g, (value, number: string) => {
    const type = types.get(number)
    if (type === undefined) return value
    return type === 'text' ? `$${number}::text` : `$${number}::text::${type}`
  })
}

function toText(value: Value): string | null {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  const items = value.map((item) =>
    item === null ? 'null' : `"${String(item).replaceAll(/["\\]/g, '\\$&')}"`,
  )
  return `{${items.join(',')}}`
}

// Dialects for PGlite lend its one connection to all at once, and statements of the one would get into a transaction of the
// other.
let lastTurn: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work)
  lastTurn = turn.catch(() => {})
  return turn
}

/**
 * The driver of a `Kysely` parses what it reads as the application has told it to, and nothing tells it otherwise. So the
 * store asks once whether a text comes as it is, and whether all share one connection.
 *
 * @throws `store_failed` when it does not.
 */
async function kindOf(ask: Ask): Promise<Kind> {
  const columns = samples.map((_, index) => `$${index + 1}::text as c${index}`)
  let cause: unknown
  try {
    const [row] = await ask(`select ${columns.join(', ')}, pg_catalog.version() as version`, samples)
    if (samples.every((text, index) => row?.[index] === text)) {
      return /pglite|emscripten/i.test(String(row?.[samples.length])) ? 'embedded' : 'server'
    }
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
