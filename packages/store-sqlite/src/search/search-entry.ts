import {
  decodeText,
  encodeText,
  parseText,
  parseWhole,
  type SearchEntry,
  type SearchPlace,
} from '@sessions/core/store'
import type { Connection, Row } from '../database/connection.js'
import type { SearchStatements } from './search-statements.js'
import type { SqliteValue } from '../database/sqlite-database.js'

/** An entry as the database has it. Ids are as the store writes them. */
export interface EntryRow {
  readonly tenant: string
  readonly session: string
  readonly seq: number
  readonly at: number
  readonly changes: number
  readonly incarnation: string
  readonly user: string | null
  readonly role: string
  readonly terms: readonly (readonly [term: string, count: number])[]
}

export function toRow(tenantId: string, entry: SearchEntry): EntryRow {
  return {
    tenant: encodeText(tenantId),
    session: encodeText(entry.sessionId),
    seq: entry.seq,
    at: entry.at,
    changes: entry.changes,
    incarnation: encodeText(entry.incarnation),
    user: entry.user === undefined ? null : encodeText(entry.user),
    role: entry.role,
    terms: entry.terms,
  }
}

export function parseRow(row: Row): EntryRow {
  return {
    tenant: parseText(row['tenant_id'], 'tenant_id'),
    session: parseText(row['session_id'], 'session_id'),
    seq: parseWhole(row['seq'], 'seq'),
    at: parseWhole(row['at'], 'at'),
    changes: parseWhole(row['changes'], 'changes'),
    incarnation: parseText(row['incarnation'], 'incarnation'),
    user: row['user_key'] === null ? null : parseText(row['user_key'], 'user_key'),
    role: parseText(row['role'], 'role'),
    terms: JSON.parse(parseText(row['terms'], 'terms')) as EntryRow['terms'],
  }
}

export function parsePlace(row: Row): SearchPlace {
  const { at, seq } = row
  return {
    at: parseWhole(at, 'at'),
    sessionId: decodeText(parseText(row['session_id'], 'session_id')),
    seq: parseWhole(seq, 'seq'),
  }
}

/** The work of some entries, which lets others have their turns between its terms. */
export type EntrySteps = Generator<void, void>

// SQLite takes a millisecond or two for so many.
const termsAtOnce = 200

/** Puts an entry in the place of what is there, unless that is later. */
export function* putEntry(connection: Connection, sql: SearchStatements, row: EntryRow): EntrySteps {
  const { tenant, session, seq, at, changes, incarnation, user, role, terms } = row
  const found = connection.first(sql.entry, tenant, session, seq)
  if (found !== undefined) {
    const known = parseRow(found)
    const isLater = known.at > at || (known.at === at && known.changes > changes)
    if (known.incarnation === incarnation && isLater) return
    yield* dropEntry(connection, sql, known)
  }
  const values: SqliteValue[] = [at, changes, incarnation, user, role, JSON.stringify(terms)]
  connection.run(sql.putEntry, tenant, session, seq, ...values)
  yield* eachTerm(row, (term) => connection.run(sql.putWord, tenant, term, at, session, seq, user))
}

export function* dropEntry(connection: Connection, sql: SearchStatements, row: EntryRow): EntrySteps {
  const { tenant, session, seq, at } = row
  yield* eachTerm(row, (term) => connection.run(sql.dropWord, tenant, term, at, session, seq))
  connection.run(sql.dropEntry, tenant, session, seq)
}

/** Says whose an entry is from now on. */
export function* ownEntry(
  connection: Connection,
  sql: SearchStatements,
  row: EntryRow,
  user: string | null,
): EntrySteps {
  const { tenant, session, seq, at } = row
  if (row.user === user) return
  connection.run(sql.ownEntry, user, tenant, session, seq)
  yield* eachTerm(row, (term) => connection.run(sql.putWord, tenant, term, at, session, seq, user))
}

function* eachTerm({ terms }: EntryRow, work: (term: string) => void): EntrySteps {
  for (const [index, [term]] of terms.entries()) {
    if (index % termsAtOnce === 0) yield
    work(encodeText(term))
  }
}
