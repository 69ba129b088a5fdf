import type { GeneratedAlways, Insertable, Selectable } from 'kysely'
import { SessionError } from '@sessions/core/store'

/**
 * A whole number as the driver gives it: `pg` gives `bigint` columns as text unless the application has set another
 * parser.
 */
export type WholeNumber = string | number | bigint

/** One session. All times are epoch ms of the server's clock; texts are as `encodeText` makes them. */
export interface SessionsTable {
  /** The tenant. */
  tenant_id: string
  /** Unique in the tenant. */
  id: string
  /** Names the session inside the database; never given twice, and never leaves the store. */
  skey: GeneratedAlways<WholeNumber>
  /** Another one once a session was made anew under its id. */
  incarnation: string
  /** Counts the changes of `body`. */
  revision: WholeNumber
  /** Counts everything that changes the session. The column is not indexed, because each write moves it. */
  changes: WholeNumber
  /** The seq of the newest message; 0 for none. */
  last_seq: number
  /** Messages up to this seq are gone. */
  trimmed_seq: number
  /** How many bytes of UTF-8 the payloads of its messages take. */
  bytes: WholeNumber
  /** When it was made. */
  created_at: WholeNumber
  /** When it was last written to. */
  updated_at: WholeNumber
  /** Moves once a minute at most, because it is indexed. */
  active_at: WholeNumber
  /** The exact deadline, which moves too often to be indexed. */
  expires_at: WholeNumber | null
  /** The hour of `expires_at`; a sweep looks for it. */
  expires_bucket: number | null
  /** Its own lifetime, in milliseconds: null for no bound, -1 for ever. */
  idle_ms: WholeNumber | null
  /** As `idle_ms`, from when it was made. */
  absolute_ms: WholeNumber | null
  /** Whose it is; null for nobody's. */
  user_id: string | null
  /** What lists filter by. */
  label: string | null
  /** What people see. */
  title: string | null
  /** JSON that the core alone reads: state, preferences, cart and the like. */
  body: string
}

/** One message of a session. */
export interface SessionMessagesTable {
  /** The tenant. */
  tenant_id: string
  /** The `skey` of its session. */
  session_key: WholeNumber
  /** Its place in the log, from 1. */
  seq: number
  /** When it was stored. */
  at: WholeNumber
  /** Unique in its session. */
  id: string
  /** JSON that the core alone reads. */
  payload: string
}

/**
 * The tables by their names in the database, for a `Kysely` of the application: `SessionTables<'my_'>` for those of
 * `tablePrefix: 'my_'`.
 */
export type SessionTables<Prefix extends string = 'llm_'> = Record<`${Prefix}sessions`, SessionsTable> &
  Record<`${Prefix}session_messages`, SessionMessagesTable>

export type StoredSessionRow = Selectable<SessionsTable>
export type NewSessionMessageRow = Insertable<SessionMessagesTable>

/** Where the tables are. */
export interface TableOptions {
  /** Schema of the tables (default `public`). */
  schema?: string
  /** What the names of tables and indexes begin with (default `llm_`, so that they meet no `sessions` of another library). */
  tablePrefix?: string
}

/** Names of the tables, allow-listed; `quoted` ones are for SQL text. */
export interface TableNames {
  schema: string
  prefix: string
  quotedSchema: string
  sessions: string
  messages: string
  usage: string
  usageHours: string
  terms: string
  searched: string
  facts: string
  migrations: string
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
// Postgres cuts names at 63 bytes, and two cut names may become the same. This leaves room for the longest of our
// names.
const maxSchema = 63
const maxPrefix = 32

/** @throws `invalid` for a name that is no plain identifier. */
export function toTableNames({ schema = 'public', tablePrefix = 'llm_' }: TableOptions = {}): TableNames {
  checkName(schema, 'schema', maxSchema)
  if (tablePrefix !== '') checkName(tablePrefix, 'tablePrefix', maxPrefix)
  const table = (name: string) => `"${schema}"."${tablePrefix}${name}"`
  return {
    schema,
    prefix: tablePrefix,
    quotedSchema: `"${schema}"`,
    sessions: table('sessions'),
    messages: table('session_messages'),
    usage: table('session_usage'),
    usageHours: table('session_usage_hours'),
    terms: table('session_terms'),
    searched: table('session_searched'),
    facts: table('session_facts'),
    migrations: table('session_migrations'),
  }
}

function checkName(name: string, path: string, max: number): void {
  if (identifier.test(name) && name.length <= max) return
  const problem = `${path} must be letters, digits and underscores, not begin with a digit, and at most ${max} long`
  throw new SessionError('invalid', problem, { path })
}
