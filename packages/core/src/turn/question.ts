import { countingTokensOf } from '../service/count-tokens.js'
import { digestOf } from '../digest.js'
import { isSessionError, SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { cutPath, onPath, readPath } from '../domain/path.js'
import {
  checkLength,
  decodeMessage,
  encodeParsed,
  type Message,
  type MessageInput,
  parseMessage,
} from '../domain/message.js'
import { parseCount } from '../parse.js'
import type { RecentTurn, SessionBody } from '../domain/session-body.js'
import { findKnown, sameMessage } from '../service/known-message.js'
import type { LiveSession } from '../service/live-session.js'
import type { Redaction } from '../service/redaction.js'
import { inSlices } from '../async/slices.js'
import { stoppable } from '../async/stoppable.js'
import { withdrawn } from './stop.js'
import type { NewMessage } from '../contract/session-store.js'

// Ids of replies are derived from it.
const maxMessageIdLength = 150

/** The question of a turn: a message that begins it, or the newest message. */
export interface Question {
  /** Another attempt with the same name is a repeat of this one. */
  readonly name: string
  /** The message that begins the turn; undefined to answer the newest one again, or to continue after it. */
  readonly message: QuestionMessage | undefined
  /** The conversation first goes back to just after this seq. */
  readonly from: number | undefined
  /** The caller chose the id, so a message with that id may exist. */
  readonly isNamed: boolean
}

/** A message that has been checked and counted. */
export interface QuestionMessage extends MessageInput {
  readonly id: string
  readonly tokens: number
}

/** The parts of a request that its question depends on. */
export interface Asked {
  readonly message: MessageInput | undefined
  readonly key?: string | undefined
  readonly from?: number | undefined
}

/** The question, after a check that it can be stored. @throws `invalid`, `too_large`, and as `redacted` does */
export async function toQuestion(
  live: LiveSession,
  { message, key, from }: Asked,
  signal: AbortSignal,
): Promise<Question> {
  if (from !== undefined) parseCount(from, 'from')
  const keyed = key === undefined ? undefined : `k-${(await digestOf(key)).slice(0, 24)}`
  if (message === undefined) return { name: keyed ?? newId(), message, from, isNamed: false }
  // What is no message at all is refused with the other faults of one.
  const id = (message as MessageInput | null)?.id
  if (typeof id === 'string' && id.length > maxMessageIdLength) {
    throw new SessionError('invalid', `id is longer than ${maxMessageIdLength} characters`, { path: 'id' })
  }
  const { limits, redaction } = live.service
  const given = parseMessage(message)
  const parsed = redaction === undefined ? given : parseMessage(await redacted(redaction, given, signal))
  const tokens = await inSlices(countingTokensOf(live.service)(parsed))
  const named = { ...parsed, id: id ?? keyed ?? newId(), tokens }
  // Refuse it here, before it waits for other turns, and before there is anything to clean up.
  checkLength(encodeParsed(named, tokens), limits.maxMessageLength, 'message')
  // Going back to answer again is a new turn each time, though the message is the same.
  const name = from === undefined ? named.id : (keyed ?? newId())
  return { name, message: named, from, isNamed: id !== undefined || keyed !== undefined }
}

/** @throws `redaction_failed`; `turn_lost` when the signal is aborted before it is redacted, which may never be. */
async function redacted(
  redaction: Redaction,
  message: MessageInput,
  signal: AbortSignal,
): Promise<MessageInput> {
  try {
    return await stoppable(redaction.message(message), signal)
  } catch (error) {
    throw isSessionError(error) ? error : withdrawn()
  }
}

/** How a question gets to the end of the active branch. */
export interface Placement {
  /** Messages to append. */
  readonly messages: readonly NewMessage[]
  /** A message that is in the log already: to be put on the branch, or to be answered at its place. */
  readonly known: Message | undefined
  /** Whether it must be put on the branch. */
  readonly isMissing: boolean
  /** Whether other branches may have messages of its id, more than were found. */
  readonly mayBeCopy?: boolean
  /** The conversation first goes back to just after this seq of the active branch, or to the start. */
  readonly from: number | undefined
}

/** @throws `invalid` for a question that a session which was not stored yet cannot hold. */
export function checkForDraft({ message, from }: Question, path: SessionBody['path']): void {
  if (message === undefined) throw nothingSaid()
  checkFrom(from, path, 0)
}

function checkFrom(from: number | undefined, path: SessionBody['path'], lastSeq: number): void {
  if (from === undefined || from === 0 || (onPath(path, from) && from <= lastSeq)) return
  throw new SessionError('invalid', `from: message ${from} is not on the active branch.`, { path: 'from' })
}

/**
 * Finds how to put a question where it will be answered.
 *
 * @param unseen How many messages of its id other branches have at least, besides those that are found.
 * @throws `invalid` when the session has no message that could be answered.
 */
export async function placeQuestion(
  live: LiveSession,
  question: Question,
  { path }: Pick<SessionBody, 'path'>,
  unseen = 0,
): Promise<Placement> {
  const { message, from, isNamed } = question
  const { lastSeq } = live.record
  if (message === undefined) {
    checkFrom(from, path, lastSeq)
    const known = await lastOn(live, from === undefined ? path : cutPath(path, from))
    return { messages: [], known, isMissing: false, from }
  }
  const isEdit = from !== undefined && (await isJustBefore(live, path, from, message.id))
  if (!isEdit) checkFrom(from, path, lastSeq)
  const place = isEdit ? (cutPath(path, from).at(-1)?.to ?? 0) : from
  // Messages after the end of the branch are on other branches.
  const end = place ?? endOf(path, lastSeq)
  const mayBeCopy = isNamed && end !== undefined && end < lastSeq
  const others = mayBeCopy ? await findKnown(live, message.id, end) : []
  const same = others.findLast((known) => sameMessage(known.message, message))
  if (same !== undefined) return { messages: [], known: same.message, isMissing: true, from: place }
  const encoded = encodeParsed(message, message.tokens, others.length + unseen)
  return { messages: [encoded], known: undefined, isMissing: false, mayBeCopy, from: place }
}

/**
 * Whether the message of an id follows a seq that is not on the active branch itself: the message before an edited one
 * may be on another branch.
 */
async function isJustBefore(
  live: LiveSession,
  path: SessionBody['path'],
  from: number,
  messageId: string,
): Promise<boolean> {
  if (from === 0 || onPath(path, from) || !onPath(path, from + 1)) return false
  const { messages } = await live.service.store.messages(live.ref, { after: from, limit: 1 })
  return messages.some((stored) => stored.seq === from + 1 && decodeMessage(stored).id === messageId)
}

/** The end of a branch without messages since it was begun; undefined when it has some. */
function endOf(path: SessionBody['path'], lastSeq: number): number | undefined {
  const open = path.at(-1)!
  if (open.from <= lastSeq) return undefined
  return path.at(-2)?.to ?? 0
}

async function lastOn(live: LiveSession, path: SessionBody['path']): Promise<Message> {
  const { messages } = await readPath(live.service.store, live.ref, path, { limit: 1 })
  const last = messages.at(-1)
  if (last !== undefined) return last
  throw nothingSaid()
}

function nothingSaid(): SessionError {
  return new SessionError('invalid', 'The session has no message yet that could be answered.', {
    path: 'input',
  })
}

/** The message that a turn answers, if it is on the active branch. */
export async function messageOf(
  live: LiveSession,
  { path }: Pick<SessionBody, 'path'>,
  { messageId, seq }: Pick<RecentTurn, 'messageId' | 'seq'>,
): Promise<Message | undefined> {
  const { messages } = await readPath(live.service.store, live.ref, path, {
    after: Math.max(seq - 1, 0),
    limit: 50,
  })
  return messages.find(({ id }) => id === messageId)
}
