import { corrupt, maxPageBytes, type StoredMessage } from '@sessions/core/store'
import type { Connection } from './connection.js'
import { parseEntries, parseMessage, toWhole } from './rows.js'
import type { Statements } from './statements.js'

/** The range of messages that a read wants, and the end that it begins at. */
export interface Range {
  readonly first: number
  readonly last: number
  readonly order: 'asc' | 'desc'
}

/** One step reads this much at most, so that it holds the event loop for a few milliseconds. */
export const maxStepMessages = 200
export const maxStepBytes = 64 * 1024

/** A page of a log, which is read step by step; it ends where the next payload would take it over `maxPageBytes`. */
export class LogPage {
  /** In the order of the range. */
  readonly messages: StoredMessage[] = []
  readonly #statements: Statements
  readonly #key: number
  readonly #order: 'asc' | 'desc'
  #first: number
  #last: number
  #bytes = 0
  /** The sizes of the next messages, in the order of the range. */
  #sizes: number[] = []
  #isFull = false

  constructor(statements: Statements, key: number, { first, last, order }: Range) {
    this.#statements = statements
    this.#key = key
    this.#order = order
    this.#first = first
    this.#last = last
  }

  get isDone(): boolean {
    return this.#isFull || this.#first > this.#last
  }

  /** Reads all the messages that are left; the caller knows that they are few and short. */
  readRest(connection: Connection): void {
    this.#take(connection, this.#last - this.#first + 1)
  }

  readStep(connection: Connection): void {
    if (this.#sizes.length === 0) this.#sizes = this.#nextSizes(connection)
    let bytes = 0
    let count = 0
    for (const size of this.#sizes) {
      this.#isFull = this.messages.length + count > 0 && this.#bytes + bytes + size > maxPageBytes
      if (this.#isFull || (count > 0 && bytes + size > maxStepBytes)) break
      bytes += size
      count++
    }
    this.#sizes.splice(0, count)
    this.#bytes += bytes
    this.#take(connection, count, bytes)
  }

  #nextSizes(connection: Connection): number[] {
    const { sizes } = this.#statements
    const rows = connection.all(sizes[this.#order], this.#key, this.#first, this.#last, maxStepMessages)
    if (rows.length === 0) throw corrupt('the log has gaps')
    return rows.map((row) => toWhole(row['bytes'], 'payload'))
  }

  #take(connection: Connection, count: number, bytes = 0): void {
    if (count <= 0) return
    const isForth = this.#order === 'asc'
    const first = isForth ? this.#first : this.#last - count + 1
    const found = this.#messagesFrom(connection, first, count, bytes)
    this.messages.push(...(isForth ? found : found.reverse()))
    if (isForth) this.#first += count
    else this.#last -= count
  }

  #messagesFrom(connection: Connection, first: number, count: number, bytes: number): StoredMessage[] {
    const { messages, message } = this.#statements
    if (bytes <= maxStepBytes) {
      const [row] = connection.all(messages, this.#key, first, first + count - 1)
      return parseEntries(row, first, count)
    }
    // SQLite takes four times as long for a long payload when the payload is a part of another text.
    const [row] = connection.all(message, this.#key, first)
    if (row === undefined) throw corrupt('the log has gaps')
    return [parseMessage(row)]
  }
}
