import {
  checkMessageQuery,
  encodeText,
  type MessagePage,
  type MessageQuery,
  notFound,
  parseText,
  parseWhole,
  type SessionRef,
  type StoredSession,
} from '@sessions/core/store'
import type { Connection } from '../database/connection.js'
import type { Database } from '../database/database.js'
import { LogPage, maxStepBytes, maxStepMessages } from './log-page.js'
import { type Found, isLive, parseFound } from './rows.js'
import type { Statements } from '../statements.js'

export interface ReaderOptions {
  /** For a read without messages, or with the newest message alone. */
  readTimeoutMs: number
  /** For a read with more messages. */
  pageTimeoutMs: number
}

/** The result of the first step of a read. */
interface Begun<Head> {
  readonly head: Head
  readonly found: Found
  readonly page: LogPage
}

// A long page begins again this many times when its messages are rewritten meanwhile. Then it is read at one go.
const maxRestarts = 4

/** Reads sessions and their logs: short ones in one transaction, long ones in several. */
export class Reader {
  readonly #database: Database
  readonly #statements: Statements
  readonly #timeouts: ReaderOptions

  constructor(database: Database, statements: Statements, timeouts: ReaderOptions) {
    this.#database = database
    this.#statements = statements
    this.#timeouts = timeouts
  }

  async read({ tenantId, id }: SessionRef, tail: number): Promise<StoredSession | undefined> {
    const ref = { tenantId, id }
    const [tenant, session] = [encodeText(tenantId), encodeText(id)]
    const { read, readTail } = this.#statements
    // For so many messages it is cheap to ask how long they are.
    const isShort = tail <= maxStepMessages
    const until = performance.now() + (tail > 1 ? this.#timeouts.pageTimeoutMs : this.#timeouts.readTimeoutMs)
    const begun = await this.#stepByStep(until, (connection, now) => {
      const row =
        isShort && tail > 0
          ? connection.first(readTail, tail, tenant, session)
          : connection.first(read, tenant, session)
      if (row === undefined || !isLive(row, now)) return undefined
      const found = parseFound(ref, row)
      const body = parseText(row['body'], 'body')
      const { lastSeq, trimmedSeq } = found.record
      const first = Math.max(trimmedSeq, lastSeq - tail) + 1
      const page = new LogPage(this.#statements, found.key, { first, last: lastSeq, order: 'desc' })
      if (isShort && parseWhole(row['tail_bytes'] ?? 0, 'payload') <= maxStepBytes) page.readRest(connection)
      return { head: body, found, page }
    })
    return begun && { record: begun.found.record, body: begun.head, messages: begun.page.messages.reverse() }
  }

  async messages({ tenantId, id }: SessionRef, query: MessageQuery): Promise<MessagePage> {
    checkMessageQuery(query)
    const ref = { tenantId, id }
    const [tenant, session] = [encodeText(tenantId), encodeText(id)]
    const { after = 0, before = Number.MAX_SAFE_INTEGER, limit, order = 'asc' } = query
    const until = performance.now() + this.#timeouts.pageTimeoutMs
    const begun = await this.#stepByStep(until, (connection, now) => {
      const row = connection.first(this.#statements.find, tenant, session)
      if (row === undefined || !isLive(row, now)) return undefined
      const found = parseFound(ref, row)
      const first = Math.max(after, found.record.trimmedSeq) + 1
      const last = Math.min(before - 1, found.record.lastSeq)
      const range =
        order === 'asc'
          ? { first, last: Math.min(last, first + limit - 1), order }
          : { first: Math.max(first, last - limit + 1), last, order }
      return { head: last - first + 1, found, page: new LogPage(this.#statements, found.key, range) }
    })
    if (begun === undefined) throw notFound()
    const { messages } = begun.page
    return { messages, more: begun.head > messages.length }
  }

  /**
   * Begins a read, and goes on until its page is read. Between two steps a call may append to the log. When a call
   * rewrites the log, the read begins again: a page is of one moment.
   */
  async #stepByStep<Head>(
    until: number,
    begin: (connection: Connection, now: number) => Begun<Head> | undefined,
  ): Promise<Begun<Head> | undefined> {
    for (let tries = 0; ; tries++) {
      const atOnce = tries === maxRestarts
      const begun = await this.#database.read(until, (connection, now) => {
        const begun = begin(connection, now)
        if (begun === undefined) return undefined
        const { page } = begun
        if (!page.isDone) page.readStep(connection)
        if (atOnce) while (!page.isDone) page.readStep(connection)
        return begun
      })
      if (begun === undefined || (await this.#finish(until, begun))) return begun
    }
  }

  /** False when a call has rewritten the log meanwhile. */
  async #finish(until: number, { found, page }: Begun<unknown>): Promise<boolean> {
    while (!page.isDone) {
      const isSame = await this.#database.read(until, (connection) => {
        const row = connection.first(this.#statements.rewrites, found.key)
        if (Number(row?.['rewrites'] ?? -1) !== found.rewrites) return false
        page.readStep(connection)
        return true
      })
      if (!isSame) return false
    }
    return true
  }
}
