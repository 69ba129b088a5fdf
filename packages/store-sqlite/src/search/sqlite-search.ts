import {
  checkOptions,
  checkTimeout,
  encodeText,
  decodeText,
  type SearchedSession,
  type SearchEntry,
  type SearchIndex,
} from '@sessions/core/store'
import { type Connection, toConnection } from '../database/connection.js'
import { Database, type OpenSource } from '../database/database.js'
import { FileClock } from '../database/file-clock.js'
import { OwnFile } from '../database/own-file.js'
import { type TableOptions, toTableNames } from '../schema/schema.js'
import {
  dropEntry,
  type EntryRow,
  type EntrySteps,
  ownEntry,
  parseRow,
  putEntry,
  toRow,
} from './search-entry.js'
import { SearchFinder } from './search-finder.js'
import { toSearchStatements } from './search-statements.js'
import { checkAnswers } from '../database/settings.js'
import type { SqliteDatabase } from '../database/sqlite-database.js'

/** How the index is kept. */
export interface SqliteSearchOptions extends TableOptions {
  /** How long a search may take in milliseconds, the wait for its turn included (default 5,000). */
  readTimeoutMs?: number
  /** How long a change may take in milliseconds, the wait for other processes included (default 5,000). */
  writeTimeoutMs?: number
}

/** An index whose connection to the file is its own. */
export interface OwnedSqliteSearch extends SearchIndex {
  /** Closes the file that the index opened. */
  close(): Promise<void>
}

// Terms that one transaction writes at once. More of them, such as those of one long message, are written in steps.
const termsAtOnce = 500
const entriesAtOnce = 40
const lastSeq = 2 ** 32 - 1

/**
 * Keeps the terms of messages, and no text, in tables beside those of the store: in the same file, or in one of its own.
 *
 * @param database as for `sqliteStore`.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { sqliteSearch, sqliteStore } from '@sessions/store-sqlite'
 *
 * const sessions = createSessions({
 *   store: sqliteStore('./sessions.db'),
 *   credentialSecrets: [process.env['SESSION_SECRET']!],
 *   search: { index: sqliteSearch('./sessions.db') },
 * })
 * ```
 */
export function sqliteSearch(database: string, options?: SqliteSearchOptions): OwnedSqliteSearch
export function sqliteSearch(database: SqliteDatabase, options?: SqliteSearchOptions): SearchIndex
export function sqliteSearch(
  database: string | SqliteDatabase,
  options: SqliteSearchOptions = {},
): SearchIndex | OwnedSqliteSearch {
  checkOptions<SqliteSearchOptions>(options, { tablePrefix: true, readTimeoutMs: true, writeTimeoutMs: true })
  if (typeof database === 'string') {
    // What a crash of the machine loses of the index, a sweep makes good.
    const file = new OwnFile(database, toTableNames(options), 'normal')
    return { ...indexOver((until) => file.open(until), options), close: () => file.close() }
  }
  const connection = toConnection(database)
  checkAnswers(connection)
  return indexOver(() => ({ connection, isLent: true }), options)
}

function indexOver(source: OpenSource, options: SqliteSearchOptions): SearchIndex {
  const { readTimeoutMs = 5000, writeTimeoutMs = 5000 } = options
  checkTimeout(readTimeoutMs, 'readTimeoutMs')
  checkTimeout(writeTimeoutMs, 'writeTimeoutMs')
  const names = toTableNames(options)
  const sql = toSearchStatements(names)
  const database = new Database(source, new FileClock(names))
  const finder = new SearchFinder(database, sql)
  const reading = () => performance.now() + readTimeoutMs
  const writing = () => performance.now() + writeTimeoutMs

  /** Changes the entries of a session, some at a time, in the order of their seqs. */
  const eachOf = async (
    tenantId: string,
    { sessionId, incarnation }: SearchedSession,
    throughSeq: number,
    change: (connection: Connection, row: EntryRow) => EntrySteps,
  ): Promise<void> => {
    const until = writing()
    const session = [encodeText(tenantId), encodeText(sessionId)] as const
    const meant = incarnation === undefined ? undefined : encodeText(incarnation)
    for (let after: number | undefined = -1; after !== undefined;) {
      const from: number = after
      const steps = function* (connection: Connection): Generator<void, number | undefined> {
        const rows = connection.all(sql.ofSession, ...session, from, throughSeq, entriesAtOnce).map(parseRow)
        for (const row of rows)
          if (meant === undefined || row.incarnation === meant) yield* change(connection, row)
        return rows.length < entriesAtOnce ? undefined : rows.at(-1)!.seq
      }
      after = await database.writeInSteps(until, steps, true)
    }
  }

  /** Drops the entries of sessions that had the ids of these before them. */
  const dropEarlier = async (tenantId: string, entries: readonly SearchEntry[]): Promise<void> => {
    const incarnations = new Map(entries.map(({ sessionId, incarnation }) => [sessionId, incarnation]))
    const tenant = encodeText(tenantId)
    const known = await database.read(reading(), (connection) =>
      [...incarnations.keys()].map(
        (id) => connection.first(sql.end, tenant, encodeText(id))?.['incarnation'],
      ),
    )
    for (const [index, [sessionId, incarnation]] of [...incarnations].entries()) {
      const before = known[index]
      if (typeof before !== 'string' || before === encodeText(incarnation)) continue
      const earlier = { sessionId, incarnation: decodeText(before) }
      await eachOf(tenantId, earlier, lastSeq, (connection, row) => dropEntry(connection, sql, row))
    }
  }

  return {
    async put(tenantId, entries) {
      // First, for what is put takes the place of what says that they were there.
      await dropEarlier(tenantId, entries)
      const until = writing()
      const count = entries.reduce((sum, { terms }) => sum + terms.length, 0)
      for (const batch of batchesOf(entries)) {
        const steps = function* (connection: Connection): EntrySteps {
          for (const entry of batch) {
            const { sessionId, incarnation, expiresAt } = entry
            yield* putEntry(connection, sql, toRow(tenantId, entry))
            const session = [encodeText(tenantId), encodeText(sessionId)] as const
            connection.run(sql.putEnd, ...session, encodeText(incarnation), expiresAt ?? null)
          }
        }
        await database.writeInSteps(until, steps, count > termsAtOnce)
      }
    },

    find: (question) => finder.find(question, reading()),

    async own(tenantId, session, user) {
      const owner = user === undefined ? null : encodeText(user)
      await eachOf(tenantId, session, lastSeq, (connection, row) => ownEntry(connection, sql, row, owner))
    },

    async drop(tenantId, session, throughSeq) {
      const through = Math.min(throughSeq ?? lastSeq, lastSeq)
      await eachOf(tenantId, session, through, (connection, row) => dropEntry(connection, sql, row))
      if (throughSeq !== undefined) return
      const { sessionId, incarnation } = session
      const meant = incarnation === undefined ? null : encodeText(incarnation)
      const values = [encodeText(tenantId), encodeText(sessionId), meant, meant]
      await database.write(writing(), (connection) => connection.run(sql.dropEnd, ...values))
    },

    async forget(tenantId, user) {
      const values = [encodeText(tenantId), encodeText(user), entriesAtOnce] as const
      for (let total = 0; ;) {
        const steps = function* (connection: Connection): Generator<void, number> {
          const rows = connection.all(sql.ofUser, ...values).map(parseRow)
          for (const row of rows) {
            yield* dropEntry(connection, sql, row)
            connection.run(sql.dropEnd, row.tenant, row.session, row.incarnation, row.incarnation)
          }
          return rows.length
        }
        const count = await database.writeInSteps(writing(), steps, true)
        total += count
        if (count < entriesAtOnce) return total
      }
    },

    async ended(tenantId, before, limit) {
      const rows = await database.read(reading(), (connection) =>
        connection.all(sql.ended, encodeText(tenantId), before, limit),
      )
      return rows.map((row) => ({
        sessionId: decodeText(String(row['session_id'])),
        incarnation: decodeText(String(row['incarnation'])),
      }))
    },

    async extend(tenantId, { sessionId, incarnation }, expiresAt) {
      const meant = incarnation === undefined ? null : encodeText(incarnation)
      const session = [encodeText(tenantId), encodeText(sessionId)] as const
      await database.write(writing(), (connection) =>
        connection.run(sql.extend, expiresAt ?? null, ...session, meant, meant),
      )
    },
  }
}

/** Entries in groups of about as many terms. */
function* batchesOf(entries: readonly SearchEntry[]): Generator<readonly SearchEntry[], void> {
  let batch: SearchEntry[] = []
  let terms = 0
  for (const entry of entries) {
    if (batch.length > 0 && terms + entry.terms.length > termsAtOnce) {
      yield batch
      batch = []
      terms = 0
    }
    batch.push(entry)
    terms += entry.terms.length
  }
  if (batch.length > 0) yield batch
}
