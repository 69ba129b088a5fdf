import { corrupt, maxPageBytes, parseWhole, type StoredMessage } from '@sessions/core/store'
import type { Connection } from '../database/connection.js'
import { LongPayload } from './long-payload.js'
import { parseEntries } from './rows.js'
import type { Statements } from '../statements.js'

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
  /** The payload that is being read. */
  #long: LongPayload | undefined

  constructor(statements: Statements, key: number, { first, last, order }: Range) {
    this.#statements = statements
    this.#key = key
    this.#order = order
    this.#first = first
    this.#last = last
  }

  get isDone(): boolean {
    return this.#long === undefined && (this.#isFull || this.#first > this.#last)
  }

  /** Reads all the messages that are left; the caller knows that they are few and short. */
  readRest(connection: Connection): void {
    this.#take(connection, this.#last - this.#first + 1)
  }

  readStep(connection: Connection): void {
    if (this.#long !== undefined) return this.#readLong(connection, this.#long)
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
    if (bytes <= maxStepBytes) return this.#take(connection, count)
    // SQLite takes four times as long for a long payload when the payload is a part of another text.
    const seq = this.#order === 'asc' ? this.#first : this.#last
    this.#readLong(connection, new LongPayload(this.#statements, this.#key, seq, bytes))
  }

  #readLong(connection: Connection, payload: LongPayload): void {
    const message = payload.readStep(connection)
    this.#long = message === undefined ? payload : undefined
    if (message !== undefined) this.#add([message])
  }

  #nextSizes(connection: Connection): number[] {
    const { sizes } = this.#statements
    const range = [this.#key, this.#first, this.#key, this.#last]
    const rows = connection.all(sizes[this.#order], ...range, maxStepMessages)
    if (rows.length === 0) throw corrupt('the log has gaps')
    return rows.map((row) => parseWhole(row['bytes'], 'payload'))
  }

  #take(connection: Connection, count: number): void {
    if (count <= 0) return
    const isForth = this.#order === 'asc'
    const first = isForth ? this.#first : this.#last - count + 1
    const range = [this.#key, first, this.#key, first + count - 1]
    // A statement that counts gives a row also of nothing.
    const row = connection.first(this.#statements.messages, ...range)!
    const found = parseEntries(row, first, count)
    this.#add(isForth ? found : found.reverse())
  }

  #add(messages: readonly StoredMessage[]): void {
    this.messages.push(...messages)
    if (this.#order === 'asc') this.#first += messages.length
    else this.#last -= messages.length
  }
}
