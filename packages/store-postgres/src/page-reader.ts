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
import type { ColdStatements } from './cold-statements.js'
import type { Database } from './database.js'
import { isNull, parseMessage } from './rows.js'

const { toCursor, parseCursor } = createListCursors('postgres 1')

/**
 * The place after which a list begins: the later one of the places that the query gives. A place without an id is
 * before the whole moment.
 */
function toStart({
  cursor,
  after,
  activeBefore,
}: SessionQuery): { activeAt: number; id?: string } | undefined {
  const place = cursor === undefined ? after : parseCursor(cursor)
  if (activeBefore === undefined || (place !== undefined && place.activeAt < activeBefore)) return place
  return { activeAt: activeBefore }
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
    const position = toStart(query)
    const { tenantId, userId, label, limit } = query
    const tenant = encodeText(tenantId)
    const { statement, values } = this.#cold.list({
      user: userId !== undefined,
      label: label !== undefined,
      cursor: position !== undefined,
    })
    const params = {
      tenant,
      user: userId === undefined ? null : encodeText(userId),
      label: label === undefined ? null : encodeText(label),
      activeAt: position?.activeAt ?? null,
      afterId: position?.id === undefined ? null : encodeText(position.id),
      // The list reads one row more than the page has. If it finds that row, there is a next page.
      limit: limit + 1,
    }
    const rows = await this.#database.run(
      statement,
      values(params),
      this.#call(tenant, this.#timeouts.readTimeoutMs),
    )
    const records = rows.slice(0, limit).map((row) => {
      try {
        return parseStoredRecord({ tenantId, id: parseText(row[0], 'id') }, row[1])
      } catch {
        // A call for this very session gets `corrupt`. A list still shows the others.
        return undefined
      }
    })
    const items = records.filter((record) => record !== undefined)
    const last = items.at(-1)
    return rows.length > limit && last !== undefined ? { items, cursor: toCursor(last) } : { items }
  }

  #call(tenant: string, timeoutMs: number) {
    return { tenant, until: performance.now() + timeoutMs, writes: false }
  }
}
