import {
  checkMessageQuery,
  checkSessionQuery,
  createListCursors,
  encodeText,
  type MessagePage,
  type MessageQuery,
  notFound,
  type Page,
  parseStoredRecord,
  parseText,
  type SessionQuery,
  type SessionRecord,
  type SessionRef,
} from '@sessions/core/store'
import type { ColdStatements } from '../statements/cold-statements.js'
import type { Call, Database, Row } from '../connection/database.js'
import { isNull, parseMessage } from './rows.js'

const { toCursor, parseCursor } = createListCursors('postgres 1')

type TenantCall = Call & { tenant: string }

/** A place in the order of a list, as the database has its texts. A place without an id is before the whole moment. */
interface Place {
  readonly activeAt: number
  readonly id?: string
}

/** The place after which a list begins: the later one of the places that the query gives. */
function toStart({ cursor, after, activeBefore }: SessionQuery): Place | undefined {
  const place = cursor === undefined ? after : parseCursor(cursor)
  if (activeBefore !== undefined && !(place !== undefined && place.activeAt < activeBefore)) {
    return { activeAt: activeBefore }
  }
  return place && { activeAt: place.activeAt, id: encodeText(place.id) }
}

export interface PageReaderOptions {
  /** For lists. */
  readTimeoutMs: number
  /** For messages. */
  pageTimeoutMs: number
}

/** Reads logs and lists, a page at a time. */
export class PageReader {
  readonly #database: Database
  readonly #cold: ColdStatements
  readonly #timeouts: PageReaderOptions

  constructor(database: Database, cold: ColdStatements, timeouts: PageReaderOptions) {
    this.#database = database
    this.#cold = cold
    this.#timeouts = timeouts
  }

  async messages(ref: SessionRef, query: MessageQuery): Promise<MessagePage> {
    checkMessageQuery(query)
    const { after = 0, before = Number.MAX_SAFE_INTEGER, limit, order = 'asc' } = query
    const tenant = encodeText(ref.tenantId)
    const { statement, values } = this.#cold.page[order]
    const params = { tenant, id: encodeText(ref.id), after, before, limit }
    const rows = await this.#database.run(
      statement,
      values(params),
      this.#call(tenant, this.#timeouts.pageTimeoutMs),
    )
    if (rows[0] === undefined) throw notFound()
    const record = parseStoredRecord(ref, rows[0][0])
    const first = Math.max(after, record.trimmedSeq) + 1
    const last = Math.min(before - 1, record.lastSeq)
    const count = Math.max(0, Math.min(limit, last - first + 1))
    const found = rows.filter((row) => !isNull(row[1]))
    // The first message that does not fit comes along without its payload.
    const isCut = found.at(-1)?.[5] === 'true'
    const length = isCut ? found.length - 1 : Math.max(count, found.length)
    const messages = Array.from({ length }, (_, index) =>
      parseMessage(found[index] ?? [], 1, order === 'asc' ? first + index : last - index),
    )
    return { messages, more: last - first + 1 > length }
  }

  async list(query: SessionQuery): Promise<Page<SessionRecord>> {
    checkSessionQuery(query)
    const { tenantId, limit } = query
    const call = this.#call(encodeText(tenantId), this.#timeouts.readTimeoutMs)
    const found: SessionRecord[] = []
    // The list reads one row more than the page has. If it finds that row, there is a next page. It reads on where rows
    // cannot be read, because the page leaves them out.
    for (let start = toStart(query); found.length <= limit;) {
      const rows = await this.#rows(query, start, limit + 1, call)
      found.push(...rows.flatMap((row) => toRecords(tenantId, row)))
      const last = rows[limit]
      if (last === undefined) break
      start = { activeAt: Number(last[2]), id: String(last[0]) }
    }
    const items = found.slice(0, limit)
    return found.length > limit ? { items, cursor: toCursor(items.at(-1)!) } : { items }
  }

  #rows(query: SessionQuery, start: Place | undefined, limit: number, call: TenantCall): Promise<Row[]> {
    const { userId, label } = query
    const { statement, values } = this.#cold.list({
      user: userId !== undefined,
      label: label !== undefined,
      cursor: start !== undefined,
    })
    const params = {
      tenant: call.tenant,
      user: userId === undefined ? null : encodeText(userId),
      label: label === undefined ? null : encodeText(label),
      activeAt: start?.activeAt ?? null,
      afterId: start?.id ?? null,
      limit,
    }
    return this.#database.run(statement, values(params), call)
  }

  #call(tenant: string, timeoutMs: number): TenantCall {
    return { tenant, until: performance.now() + timeoutMs, writes: false }
  }
}

/** None for a row that is no session. A call for this very session gets `corrupt`, and a list still shows the others. */
function toRecords(tenantId: string, row: Row): SessionRecord[] {
  try {
    return [parseStoredRecord({ tenantId, id: parseText(row[0], 'id') }, row[1])]
  } catch {
    return []
  }
}
