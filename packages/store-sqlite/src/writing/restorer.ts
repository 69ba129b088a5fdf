import {
  begunId,
  buriedId,
  checkWhole,
  countFitting,
  encodeText,
  idTwice,
  isNewerCopy,
  parseWhole,
  partConflict,
  type SessionCopy,
  type SessionRef,
} from '@sessions/core/store'
import { minuteOf, ownOf } from './committer.js'
import type { Connection } from '../database/connection.js'
import type { Database } from '../database/database.js'
import { isDuplicate } from '../database/errors.js'
import { isLive, parseFound } from '../reading/rows.js'
import { maxSeq, type Statements } from '../statements.js'
import { isLong, type Steps } from '../database/steps.js'
import { encodeName } from '../text.js'

// One transaction takes in this much at most: a few milliseconds of the event loop.
const maxMessages = 100
const maxBytes = 256 * 1024
const keptMinutes = 60

/** The place of a copy, as the database has its texts. */
interface Place {
  readonly ref: SessionRef
  readonly tenant: string
  readonly id: string
}

/**
 * Stores sessions as another store has them: part by part into a row that nobody sees, which becomes the session at
 * last.
 */
export class Restorer {
  readonly #database: Database
  readonly #statements: Statements
  readonly #timeoutMs: number

  constructor(database: Database, statements: Statements, { timeoutMs }: { timeoutMs: number }) {
    this.#database = database
    this.#statements = statements
    this.#timeoutMs = timeoutMs
  }

  async restore({ tenantId, id }: SessionRef, copy: SessionCopy): Promise<void> {
    checkWhole(copy.record.lastSeq, 'record.lastSeq', 0, maxSeq)
    const place = { ref: { tenantId, id }, tenant: encodeText(tenantId), id: encodeText(id) }
    for (const part of partsOf(taken(copy))) {
      const until = performance.now() + this.#timeoutMs
      const steps: Steps<void> = (connection, now) => this.#restore(connection, place, part, now)
      await this.#database.writeInSteps(until, steps, isLong(part.messages, part.body))
    }
  }

  *#restore(
    connection: Connection,
    { ref, tenant, id }: Place,
    part: SessionCopy,
    now: number,
  ): Generator<void, void> {
    const { find, bury, keepCopy, endCopy, putBody } = this.#statements
    const { record, body, messages, more = false } = part
    const hide = (key: number) => connection.run(bury, buriedId(), key)
    const found = connection.first(find, tenant, id)
    const aside = connection.first(find, tenant, begunId(id))
    const begun = aside && parseFound(ref, aside)
    if (found !== undefined && isLive(found, now) && !isNewerCopy(parseFound(ref, found).record, record)) {
      if (begun !== undefined) hide(begun.key)
      return
    }
    const goesOn = begun?.record.incarnation === record.incarnation && begun.record.changes === record.changes
    if (begun !== undefined && !goesOn) hide(begun.key)
    const keptTo = minuteOf(now)! + keptMinutes + 1
    const key = goesOn ? begun.key : this.#begin(connection, tenant, id, part, keptTo)
    const before = goesOn ? begun.record.lastSeq : record.trimmedSeq
    const last = yield* this.#extend(connection, key, before, messages)
    connection.run(putBody, key, encodeText(body))
    connection.run(keepCopy, last, keptTo, key)
    if (more) return
    if (last !== record.lastSeq) throw partConflict()
    // The messages of the session that was here take their time, so a sweep removes them.
    if (found !== undefined) hide(parseWhole(found['skey'], 'skey', 1))
    const { revision, bytes, createdAt, updatedAt, activeAt, expiresAt } = record
    const times = [createdAt, updatedAt, activeAt, expiresAt ?? null, minuteOf(expiresAt)]
    connection.run(endCopy, id, revision, bytes, ...times, ...ownOf(record), ...namesOf(record), key)
  }

  #begin(
    connection: Connection,
    tenant: string,
    id: string,
    { record }: SessionCopy,
    keptTo: number,
  ): number {
    const { incarnation, revision, changes, trimmedSeq, createdAt, updatedAt, activeAt } = record
    const counts = [revision, changes, trimmedSeq, trimmedSeq, record.bytes]
    const times = [createdAt, updatedAt, activeAt, keptTo]
    const values = [
      tenant,
      begunId(id),
      encodeText(incarnation),
      ...counts,
      ...times,
      ...ownOf(record),
      ...namesOf(record),
    ]
    const row = connection.first(this.#statements.beginCopy, ...values)
    return parseWhole(row?.['skey'], 'skey', 1)
  }

  /** Adds the messages that are not there yet to a log that ends at `last`; returns the last seq it has then. */
  *#extend(
    connection: Connection,
    key: number,
    last: number,
    messages: SessionCopy['messages'],
  ): Generator<void, number> {
    if (messages.length > 0 && messages[0]!.seq > last + 1) throw partConflict()
    const { insertMessage } = this.#statements
    for (const { seq, at, id, payload } of messages) {
      if (seq <= last) continue
      try {
        connection.run(insertMessage, key, seq, key, at, encodeText(id), encodeText(payload))
      } catch (error) {
        throw isDuplicate(error) ? idTwice() : error
      }
      yield
    }
    return Math.max(last, messages.at(-1)?.seq ?? 0)
  }
}

const namesOf = ({ userId, label, title }: SessionCopy['record']) => [userId, label, title].map(encodeName)

/** The copy as it is now, whatever its caller does with the original. Its texts, which may be long, are shared. */
function taken({ record, body, messages, more = false }: SessionCopy): SessionCopy {
  const { lifetime } = record
  const own = lifetime === undefined ? record : { ...record, lifetime: { ...lifetime } }
  return { record: { ...own }, body, messages: messages.map((message) => ({ ...message })), more }
}

/** A copy in smaller parts, in order. */
function* partsOf(copy: SessionCopy): Generator<SessionCopy> {
  let rest = copy.messages
  do {
    const first = rest.slice(0, maxMessages)
    const messages = first.slice(0, countFitting(first, maxBytes))
    rest = rest.slice(messages.length)
    yield { ...copy, messages, more: copy.more === true || rest.length > 0 }
  } while (rest.length > 0)
}
