import {
  encodeText,
  isSessionError,
  maxPageBytes,
  parseStoredRecord,
  parseText,
  parseWhole,
  type SessionRef,
  type StoredSession,
} from '@sessions/core/store'
import { type Batch, Coalescer, type Outcome } from '../coalescer.js'
import type { Call, Database, Row } from '../connection/database.js'
import { countOf, parseTail } from './rows.js'
import type { HotStatements } from '../statements/statements.js'

/** A read on its way. */
interface Read {
  ref: SessionRef
  id: string
  tail: number
  call: Call & { tenant: string }
}

export interface ReaderOptions {
  coalesce: boolean
  /** Whether a statement may only be about one tenant. */
  oneTenant: boolean
  /** For a read without messages, or with the newest message alone. */
  readTimeoutMs: number
  /** For a read with more messages. */
  pageTimeoutMs: number
}

const maxReads = 32

/** Reads sessions and their newest messages. */
export class Reader {
  readonly #database: Database
  readonly #hot: HotStatements
  readonly #readTimeoutMs: number
  readonly #pageTimeoutMs: number
  readonly #coalescer: Coalescer<Read, StoredSession | undefined> | undefined

  constructor(database: Database, hot: HotStatements, options: ReaderOptions) {
    const { coalesce, oneTenant, readTimeoutMs, pageTimeoutMs } = options
    this.#database = database
    this.#hot = hot
    this.#readTimeoutMs = readTimeoutMs
    this.#pageTimeoutMs = pageTimeoutMs
    if (!coalesce) return
    this.#coalescer = new Coalescer<Read, StoredSession | undefined>({
      createBatch: () => new ReadBatch(oneTenant),
      // No read waits for another one.
      keyOf: (read) => read,
      one: (read) => this.#readOne(read),
      batch: (reads) => this.#readBatch(reads),
    })
  }

  read(ref: SessionRef, tail: number): Promise<StoredSession | undefined> {
    const until = performance.now() + (tail > 1 ? this.#pageTimeoutMs : this.#readTimeoutMs)
    const call = { tenant: encodeText(ref.tenantId), until, writes: false }
    const read = { ref: { ...ref }, id: encodeText(ref.id), tail, call }
    return this.#coalescer?.add(read) ?? this.#readOne(read)
  }

  async #readOne({ ref, id, tail, call }: Read): Promise<StoredSession | undefined> {
    const [row] =
      tail === 0
        ? await this.#database.run(this.#hot.read, [call.tenant, id], call)
        : await this.#database.run(this.#hot.readTail, [call.tenant, id, tail, maxPageBytes], call)
    return row === undefined ? undefined : toStored(ref, row, tail)
  }

  async #readBatch(reads: readonly Read[]): Promise<Outcome<StoredSession | undefined>[]> {
    const [{ call }] = reads as [Read]
    const until = Math.min(...reads.map((read) => read.call.until))
    const values = [
      reads.map((read) => read.call.tenant),
      reads.map(({ id }) => id),
      reads.map(({ tail }) => tail),
      // The reads of a batch are together no larger than one page.
      Math.floor(maxPageBytes / reads.length),
    ]
    let rows: Row[]
    try {
      rows = await this.#database.run(this.#hot.readMany, values, { ...call, until })
    } catch (error) {
      const allFail = isSessionError(error, 'unavailable')
      return reads.map(() => (allFail ? { error } : undefined))
    }
    const outcomes: Outcome<StoredSession | undefined>[] = reads.map(() => ({ value: undefined }))
    for (const row of rows) {
      const index = parseWhole(row[0], 'n', 1, reads.length) - 1
      const { ref, tail } = reads[index]!
      try {
        const stored = toStored(ref, row.slice(1), tail)
        const isWhole = stored.messages.length === countOf(stored.record, tail)
        outcomes[index] = isWhole ? { value: stored } : undefined
      } catch (error) {
        outcomes[index] = { error }
      }
    }
    return outcomes
  }
}

function toStored(ref: SessionRef, [text, stored, newest]: Row, tail: number): StoredSession {
  const record = parseStoredRecord(ref, text)
  const body = parseText(stored, 'body')
  const messages = tail === 0 ? [] : parseTail(newest, record, tail)
  return { record, body, messages }
}

class ReadBatch implements Batch<Read> {
  readonly #oneTenant: boolean
  #tenant: string | undefined
  #count = 0

  constructor(oneTenant: boolean) {
    this.#oneTenant = oneTenant
  }

  accepts({ call }: Read): boolean {
    if (this.#count === maxReads) return false
    if (this.#oneTenant && (this.#tenant ??= call.tenant) !== call.tenant) return false
    this.#count++
    return true
  }
}
