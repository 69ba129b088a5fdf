import {
  checkSessionQuery,
  createListCursors,
  encodeText,
  type Page,
  parseText,
  type SessionQuery,
  type SessionRecord,
} from '@sessions/core/store'
import type { Connection, Row } from '../database/connection.js'
import type { Database } from '../database/database.js'
import { parseRecord } from './rows.js'
import { recordText } from '../statements.js'
import type { TableNames } from '../schema/schema.js'
import type { SqliteValue } from '../database/sqlite-database.js'

const { toCursor, parseCursor } = createListCursors('sqlite 1')

/** A place in the order of a list, as the database has its texts. A place without an id is before the whole moment. */
interface Place {
  readonly activeAt: number
  readonly id?: string | undefined
}

/** A piece of a statement, with its values. */
interface Clause {
  readonly sql: string
  readonly values: readonly SqliteValue[]
}

/** The sessions that a list is about. */
interface Listed {
  /** What leads into an index, in whose order they are read. */
  readonly range: Clause
  /** What leaves out some of these. */
  readonly filters: readonly Clause[]
}

// One step looks at so many sessions, and may list none of them. It takes some two milliseconds.
const maxLookedAt = 1000

/** Lists sessions, step by step where most of them are left out. */
export class Lister {
  readonly #database: Database
  readonly #sessions: string
  readonly #timeoutMs: number

  constructor(database: Database, { sessions }: TableNames, { timeoutMs }: { timeoutMs: number }) {
    this.#database = database
    this.#sessions = sessions
    this.#timeoutMs = timeoutMs
  }

  async list(query: SessionQuery): Promise<Page<SessionRecord>> {
    checkSessionQuery(query)
    const { tenantId, limit } = query
    const until = performance.now() + this.#timeoutMs
    const listed = toListed(query)
    const found: SessionRecord[] = []
    // The list reads one row more than the page has. If it finds that row, there is a next page. It reads on where rows
    // cannot be read, because the page leaves them out.
    for (let start = toStart(query), isEnd = false; found.length <= limit && !isEnd;) {
      const wanted = limit + 1 - found.length
      const { rows, end } = await this.#database.read(until, (connection, now) =>
        this.#step(connection, { listed, start, now, limit: wanted }),
      )
      found.push(...rows.flatMap((row) => toRecords(tenantId, row)))
      start = rows.length < wanted ? end : placeOf(rows.at(-1)!)
      isEnd = start === undefined
    }
    const items = found.slice(0, limit)
    return found.length > limit ? { items, cursor: toCursor(items.at(-1)!) } : { items }
  }

  /**
   * Some of the sessions after `start`, and the place up to which the step has looked. No end means that none are left.
   */
  #step(
    connection: Connection,
    { listed, start, now, limit }: Step,
  ): { rows: Row[]; end?: Place | undefined } {
    const range = [listed.range, ...(start === undefined ? [] : [isAfter(start)])]
    const edge = connection.first(
      `select active_at, id from ${this.#sessions} where ${toSql(range)} ${order} limit 1 offset ${maxLookedAt - 1}`,
      ...toValues(range),
    )
    const end = edge && placeOf(edge)
    const wanted = [
      ...range,
      ...(end === undefined ? [] : [isUpTo(end)]),
      { sql: '(expires_at is null or expires_at > ?)', values: [now] },
      ...listed.filters,
    ]
    const rows = connection.all(
      `select id, active_at, ${recordText} as record from ${this.#sessions} where ${toSql(wanted)} ${order} limit ?`,
      ...toValues(wanted),
      limit,
    )
    return { rows, end }
  }
}

interface Step {
  readonly listed: Listed
  readonly start: Place | undefined
  readonly now: number
  readonly limit: number
}

const order = 'order by active_at desc, id'

function toListed({ tenantId, userId, label }: SessionQuery): Listed {
  // A row without a time of activity has no place in the order.
  const sql = 'tenant_id = ? and active_at is not null'
  const named = [
    ...(userId === undefined ? [] : [{ sql: 'user_id = ?', values: [encodeText(userId)] }]),
    ...(label === undefined ? [] : [{ sql: 'label = ?', values: [encodeText(label)] }]),
  ]
  const range = [{ sql, values: [encodeText(tenantId)] }, ...named.slice(0, 1)]
  // Without statistics SQLite cannot tell which index is better. The user's is: an application has few labels.
  const filters = named.slice(1).map((clause) => ({ ...clause, sql: `+${clause.sql}` }))
  return { range: { sql: toSql(range), values: toValues(range) }, filters }
}

/** The place after which a list begins: the later one of the places that the query gives. */
function toStart({ cursor, after, activeBefore }: SessionQuery): Place | undefined {
  const place = cursor === undefined ? after : parseCursor(cursor)
  if (activeBefore !== undefined && !(place !== undefined && place.activeAt < activeBefore)) {
    return { activeAt: activeBefore }
  }
  return place && { activeAt: place.activeAt, id: encodeText(place.id) }
}

// The first bound leads into the index; the second leaves out the sessions of that moment that the last page had.
function isAfter({ activeAt, id }: Place): Clause {
  if (id === undefined) return { sql: 'active_at < ?', values: [activeAt] }
  return { sql: 'active_at <= ? and (active_at < ? or id > ?)', values: [activeAt, activeAt, id] }
}

function isUpTo({ activeAt, id }: Place): Clause {
  return { sql: 'active_at >= ? and (active_at > ? or id <= ?)', values: [activeAt, activeAt, id ?? null] }
}

function toSql(clauses: readonly Clause[]): string {
  return clauses.map(({ sql }) => sql).join(' and ')
}

function toValues(clauses: readonly Clause[]): SqliteValue[] {
  return clauses.flatMap(({ values }) => values)
}

function placeOf(row: Row): Place {
  return { activeAt: Number(row['active_at']), id: String(row['id']) }
}

/** None for a row that is no session. A call for it gets `corrupt`, and a list still shows the others. */
function toRecords(tenantId: string, row: Row): SessionRecord[] {
  try {
    return [parseRecord({ tenantId, id: parseText(row['id'], 'id') }, row)]
  } catch {
    return []
  }
}
