import { createHash } from 'node:crypto'
import {
  decodeText,
  encodeText,
  parseWhole,
  type SearchedSession,
  type SearchEntry,
  type SearchIndex,
  type SearchQuestion,
} from '@sessions/core/store'
import type { Call, Value } from '../connection/database.js'
import type { RowLevelSecurity } from '../setup/row-level-security.js'
import type { TableOptions } from '../schema/schema.js'
import { searchStatements, termNames } from './search-statements.js'
import { toSideTables } from './side-tables.js'
import type { PostgresDatabase } from '../connection/source.js'

/** How the index is kept. */
export interface PostgresSearchOptions extends TableOptions {
  /** As for `postgresStore` (default `off`). */
  rls?: RowLevelSecurity
  /** How long a call may take in milliseconds (default 10,000). */
  timeoutMs?: number
  /** As for `postgresStore`: whether statements are prepared under their names (default true). */
  prepare?: boolean
}

const maxBatch = 500
const forgetBatch = 5000
const tagLength = 4
// More of the same word says no more.
const maxCount = 8
const maxWordLength = 200

/**
 * Keeps the terms of messages, and no text, in tables that `migrate` makes. One index has the words of each tenant apart
 * from those of others, so that what one tenant asks takes as long as its own messages take.
 *
 * @param db as for `postgresStore`.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createPostgresPool, migrate, postgresSearch, postgresStore } from '@sessions/store-postgres'
 *
 * const pool = createPostgresPool('postgres://localhost/app')
 * await migrate(pool)
 * const sessions = createSessions({
 *   store: postgresStore(pool),
 *   credentialSecrets: [process.env['SESSION_SECRET']!],
 *   search: { index: postgresSearch(pool) },
 * })
 * ```
 */
export function postgresSearch<Tables>(
  db: PostgresDatabase<Tables>,
  options: PostgresSearchOptions = {},
): SearchIndex {
  const { tables, database, unprepared, callOf: callFor } = toSideTables(db, options, 10_000)
  const sql = searchStatements(tables)
  const callOf = (tenantId: string, writes: boolean): Call => callFor(encodeText(tenantId), writes)
  const places = (tenantId: string, { sessionId, incarnation }: SearchedSession): (string | null)[] => [
    encodeText(tenantId),
    encodeText(sessionId),
    incarnation === undefined ? null : encodeText(incarnation),
  ]

  return {
    async put(tenantId, entries) {
      const tag = tagOf(tenantId)
      const latest = latestOf(entries)
      for (let from = 0; from < latest.length; from += maxBatch) {
        const batch = latest.slice(from, from + maxBatch)
        const ends = new Map(batch.map((entry) => [entry.sessionId, entry]))
        const values: Value[] = [
          encodeText(tenantId),
          ...toColumns(batch, tag),
          [...ends.keys()].map(encodeText),
          [...ends.values()].map(({ incarnation }) => encodeText(incarnation)),
          [...ends.values()].map(({ expiresAt }) => expiresAt ?? -1),
        ]
        await database.run(sql.put, values, callOf(tenantId, true))
      }
    },

    async find(question) {
      const { tenantId, user, sessionId, after, isRanked, roles, from, to, limit } = question
      const words = toWords(question, tagOf(tenantId))
      const form = {
        isRanked,
        hasUser: user !== undefined,
        hasSession: sessionId !== undefined,
        hasPlace: after !== undefined,
      }
      const values: Value[] = [
        encodeText(tenantId),
        words.map((word) => `(${word})`).join(' & '),
        [...roles],
        from,
        to,
        limit,
        words.join(' | '),
        ...(user === undefined ? [] : [encodeText(user)]),
        ...(sessionId === undefined ? [] : [encodeText(sessionId)]),
        ...(after === undefined ? [] : [after.at, encodeText(after.sessionId), after.seq]),
      ]
      // Whether a word is common decides how it is found, so each question is planned for its words.
      const rows = await unprepared.run(sql.find(form), values, callOf(tenantId, false))
      return rows.map(([at, session, seq, incarnation, score]) => ({
        at: parseWhole(at, 'at'),
        sessionId: decodeText(session as string),
        seq: parseWhole(seq, 'seq'),
        incarnation: decodeText(incarnation as string),
        score: Number(score),
      }))
    },

    async own(tenantId, session, user) {
      const values = [...places(tenantId, session), user === undefined ? null : encodeText(user)]
      await database.run(sql.own, values, callOf(tenantId, true))
    },

    async drop(tenantId, session, throughSeq) {
      const place = places(tenantId, session)
      const through = Math.min(throughSeq ?? maxSeq, maxSeq)
      await database.run(sql.drop, [...place, through], callOf(tenantId, true))
      if (throughSeq === undefined) await database.run(sql.end, place, callOf(tenantId, true))
    },

    async forget(tenantId, user) {
      const values = [encodeText(tenantId), encodeText(user), forgetBatch]
      for (let total = 0; ;) {
        const [row] = await database.run(sql.forget, values, callOf(tenantId, true))
        const count = parseWhole(row![0], 'count')
        total += count
        if (count < forgetBatch) return total
      }
    },

    async ended(tenantId, before, limit) {
      const values = [encodeText(tenantId), before, limit]
      const rows = await database.run(sql.ended, values, callOf(tenantId, false))
      return rows.map(([session, incarnation]) => ({
        sessionId: decodeText(session as string),
        incarnation: decodeText(incarnation as string),
      }))
    },

    async extend(tenantId, session, expiresAt) {
      await database.run(
        sql.extend,
        [...places(tenantId, session), expiresAt ?? null],
        callOf(tenantId, true),
      )
    },
  }
}

const maxSeq = 2_147_483_647

/** One entry a place: a statement may write to a row once. */
function latestOf(entries: readonly SearchEntry[]): readonly SearchEntry[] {
  const latest = new Map<string, SearchEntry>()
  for (const entry of entries) {
    const place = `${entry.seq} ${entry.sessionId}`
    const known = latest.get(place)
    const isLater =
      known?.incarnation === entry.incarnation &&
      (known.at > entry.at || (known.at === entry.at && known.changes > entry.changes))
    if (!isLater) latest.set(place, entry)
  }
  return [...latest.values()]
}

function toColumns(entries: readonly SearchEntry[], tag: string): Value[] {
  const rows = entries.map((entry) => ({
    at: entry.at,
    changes: entry.changes,
    seq: entry.seq,
    session_id: encodeText(entry.sessionId),
    incarnation: encodeText(entry.incarnation),
    user_key: encodeText(entry.user ?? ''),
    role: entry.role,
    terms: entry.terms.map(([term, count]) => `${lexeme(tag, term)}:${places(count)}`).join(' '),
  }))
  return termNames.map((name) => rows.map((row) => row[name]))
}

/** How often a term is there, as places: ranks count them. */
const places = (count: number): string =>
  Array.from({ length: Math.min(count, maxCount) }, (_, index) => index + 1).join(',')

function toWords({ words }: SearchQuestion, tag: string): readonly string[] {
  return words.map(({ terms, prefix }) =>
    [
      ...terms.map((term) => lexeme(tag, term)),
      ...(prefix === undefined ? [] : [`${lexeme(tag, prefix)}:*`]),
    ].join(' | '),
  )
}

/** A term as the index has it: with what stands for the tenant, so that a common word of others is no common word here. */
function lexeme(tag: string, term: string): string {
  const text = tag + term.slice(0, maxWordLength)
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

function tagOf(tenantId: string): string {
  return createHash('sha256').update(tenantId).digest('base64url').slice(0, tagLength)
}
