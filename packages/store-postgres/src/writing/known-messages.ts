import {
  type AppendedMessage,
  corrupt,
  isSessionError,
  messageConflict,
  type NewMessage,
  parseText,
  parseWhole,
  SessionError,
  type SessionRecord,
} from '@sessions/core/store'
import type { ColdStatements } from '../statements/cold-statements.js'
import { type Commit, toCommitted } from './commit.js'
import type { Run } from '../connection/database.js'

export interface KnownMessage {
  readonly seq: number
  readonly at: number
  readonly payload: string
}

/** The messages of a commit that are stored already, by id. */
export async function findKnown(
  run: Run,
  { statement, values }: ColdStatements['find'],
  { call, messageIds }: Commit,
  key: string,
): Promise<Map<string, KnownMessage>> {
  if (messageIds.length === 0) return new Map()
  const rows = await run(statement, values({ tenant: call.tenant, key, ids: messageIds }))
  return new Map(
    rows.map(([id, seq, at, payload]) => [
      parseText(id, 'id'),
      { seq: parseWhole(seq, 'seq', 1), at: parseWhole(at, 'at'), payload: parseText(payload, 'payload') },
    ]),
  )
}

/** Which messages of a change are new, and which (by index) were stored before or stand earlier in the list. */
export interface SortedMessages {
  readonly fresh: readonly NewMessage[]
  readonly repeated: ReadonlySet<number>
}

/** @throws `conflict` for an id that is known with another payload. */
export function sortMessages(
  messages: readonly NewMessage[],
  known: ReadonlyMap<string, KnownMessage>,
): SortedMessages {
  const fresh = new Map<string, NewMessage>()
  const repeated = new Set<number>()
  messages.forEach((message, index) => {
    const before = known.get(message.id) ?? fresh.get(message.id)
    if (before === undefined) {
      fresh.set(message.id, message)
      return
    }
    if (before.payload !== message.payload) throw messageConflict(message.id)
    repeated.add(index)
  })
  return { fresh: [...fresh.values()], repeated }
}

/** What a commit says of its messages, the new ones of which are the last of `record`. */
export function toAppended(
  messages: readonly NewMessage[],
  known: ReadonlyMap<string, KnownMessage>,
  { fresh, repeated }: SortedMessages,
  record: SessionRecord,
): AppendedMessage[] {
  const stored = new Map(toCommitted(record, fresh).messages.map((message) => [message.id, message]))
  return messages.map((message, index) => {
    const { seq, at } = known.get(message.id) ?? stored.get(message.id)!
    return { id: message.id, seq, at, inserted: !repeated.has(index) }
  })
}

/**
 * Tells of a duplicate in a transaction that holds the session and whose ids are all new: only rows that no commit has
 * made are in the way.
 */
export function tangled(error: unknown, { change }: Commit): SessionError {
  const cause = isSessionError(error) ? error.cause : error
  return change.revision === 0 ? keyTwice(cause) : corrupt('the log holds messages it should not', cause)
}

/** @throws `store_failed` when the key of a session that was made a moment ago has messages already. */
export async function checkKey(
  run: Run,
  { statement, values }: ColdStatements['strangers'],
  place: { readonly tenant: string; readonly key: string },
): Promise<void> {
  const rows = await run(statement, values(place))
  if (rows.length > 0) throw keyTwice()
}

function keyTwice(cause?: unknown): SessionError {
  const problem =
    'a new session got the key of another one, because the sequence of skey is behind its table, as on a server that was ' +
    'a logical replica: set it as the README says'
  return new SessionError('store_failed', problem, { cause })
}
