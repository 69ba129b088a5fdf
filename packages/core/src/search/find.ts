import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { StoredMessage } from '../contract/session-store.js'
import { mayOpen } from '../domain/identity.js'
import { decodeMessage, type Message, textOf } from '../domain/message.js'
import { onPath } from '../domain/path.js'
import { decodeBody, type SeqRange } from '../domain/session-body.js'
import { isSessionError, isUnreadable } from '../errors.js'
import type { Service } from '../service/service.js'
import { isHistoryOver } from '../session/expiry.js'
import { inSlices } from '../async/slices.js'
import { wordsOf } from '../terms/words.js'
import { plainOf, scoreOf, searchTermsOf } from './terms.js'
import type { Searched } from './searched.js'

/** A message, or a title, that has what is searched for, as it was just read. */
export interface Find {
  readonly record: SessionRecord
  /** Absent when it is the title of the session. */
  readonly message?: Message
  /** When it was stored, epoch ms; a copy's own time. For a title, when its session was created. */
  readonly at: number
  readonly score: number
}

/** A session that its caller may search, and the messages that came with it. */
export interface OpenedSession {
  readonly record: SessionRecord
  readonly path: readonly SeqRange[]
  readonly messages: readonly StoredMessage[]
}

/** The session, unless it is gone, another caller's, unreadable, or past the end of its history. */
export async function openSession(
  service: Service,
  { identity, tenantId, userId }: Searched,
  id: string,
  tail = 0,
): Promise<OpenedSession | undefined> {
  const { store, ttl } = service
  const wanted = Number.isFinite(ttl.historyMs) ? Math.max(tail, 1) : tail
  try {
    const stored = await store.read({ tenantId, id }, { tail: wanted })
    if (stored === undefined) return undefined
    const { record, messages } = stored
    if (!mayOpen(identity, record, false) || (userId !== undefined && record.userId !== userId))
      return undefined
    const { path, turn } = decodeBody(stored.body)
    if (await isHistoryOver(service, record, messages.at(-1), turn)) return undefined
    return { record, path, messages }
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/** The message, if it has what is searched for and its session shows it. */
export async function findIn(
  { record, path }: OpenedSession,
  searched: Searched,
  stored: StoredMessage,
): Promise<Find | undefined> {
  const { seq, at } = stored
  if (at < searched.from || at >= searched.to || !onPath(path, seq)) return undefined
  const message = decodeMessage(stored)
  if (message.status === 'corrupt' || !searched.roles.includes(message.role)) return undefined
  const score = await scoreIn(textOf(message), searched)
  return score === undefined ? undefined : { record, message, at, score }
}

/** The title of a session, if it has what is searched for, and titles are searched. */
export async function findTitle(
  { record }: Pick<OpenedSession, 'record'>,
  searched: Searched,
): Promise<Find | undefined> {
  const { title, createdAt: at } = record
  if (title === undefined || !searched.hasTitles || at < searched.from || at >= searched.to) return undefined
  const score = await scoreIn(title, searched)
  return score === undefined ? undefined : { record, at, score }
}

async function scoreIn(text: string, { words: { words, isLiteral } }: Searched): Promise<number | undefined> {
  const counts = isLiteral ? plainWords(text) : await inSlices(searchTermsOf(text))
  const score = scoreOf(counts, words)
  return score === undefined ? undefined : Math.round(score * 1e6) / 1e6
}

/** One message of a session as the store has it now. */
export async function readMessage(
  { store }: Service,
  ref: SessionRef,
  seq: number,
): Promise<StoredMessage | undefined> {
  try {
    return (await store.messages(ref, { after: seq - 1, before: seq + 1, limit: 1 })).messages[0]
  } catch (error) {
    if (isSessionError(error, 'not_found') || isUnreadable(error)) return undefined
    throw error
  }
}

// What says nothing is looked for at the beginning of a text.
const literalLength = 16_384

function plainWords(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of wordsOf(text.slice(0, literalLength))) {
    const plain = plainOf(word)
    counts.set(plain, (counts.get(plain) ?? 0) + 1)
  }
  return counts
}
