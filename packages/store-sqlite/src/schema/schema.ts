import { SessionError } from '@sessions/core/store'

/** Where the tables are. */
export interface TableOptions {
  /** What the names of tables and indexes begin with (default `llm_`, so that they meet no `sessions` of another library). */
  tablePrefix?: string
}

/** Names of the tables, allow-listed. */
export interface TableNames {
  prefix: string
  sessions: string
  bodies: string
  messages: string
  /** One row: the newest time that any row of the file has. */
  clock: string
  migrations: string
  /** What the search has of each message and title, and of each term; and when sessions that it has end. */
  entries: string
  words: string
  searched: string
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
const maxPrefix = 32

/** @throws `invalid` for a prefix that is no plain identifier. */
export function toTableNames({ tablePrefix = 'llm_' }: TableOptions = {}): TableNames {
  if (tablePrefix !== '' && !(identifier.test(tablePrefix) && tablePrefix.length <= maxPrefix)) {
    const problem = `tablePrefix must be letters, digits and underscores, not begin with a digit, and at most ${maxPrefix} long`
    throw new SessionError('invalid', problem, { path: 'tablePrefix' })
  }
  const table = (name: string) => `"${tablePrefix}${name}"`
  return {
    prefix: tablePrefix,
    sessions: table('sessions'),
    bodies: table('session_bodies'),
    messages: table('session_messages'),
    clock: table('session_clock'),
    migrations: table('session_migrations'),
    entries: table('session_entries'),
    words: table('session_words'),
    searched: table('session_searched'),
  }
}
