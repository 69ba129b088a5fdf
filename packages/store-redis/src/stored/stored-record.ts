import { corrupt, type SessionRecord, type SessionRef, type StoredMessage } from '@sessions/core/store'
import { fromLifetimeToken, toLifetimeToken } from './lifetime-token.js'
import { digest, fromText, fromToken, toText, toToken } from './encoding.js'

/** The element between the body and the messages. New messages are put right after it. */
export const marker = '|'

// `r3`, for this layout, then whose it is, revision, changes, lastSeq, trimmedSeq, bytes, createdAt, updatedAt,
// activeAt, expiresAt or `-`, its own lifetime (see `lifetime-token.ts`), incarnation, the newest changes of the body
// (see `commit-script.ts`), userId, label and title.
const recordPattern =
  /^r3 (\S+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+|-) (\S+) (\S*) \S* (\S*) (\S*) ([^]*)$/

/** The record of a session, from its element of the log. */
export function parseRecord(
  { tenantId, id }: SessionRef,
  text: unknown,
  expected = whose({ tenantId, id }),
): SessionRecord {
  const parts = typeof text === 'string' ? recordPattern.exec(text) : null
  if (parts === null) throw corrupt('its record is not one')
  const [
    ,
    who,
    revision,
    changes,
    lastSeq,
    trimmedSeq,
    bytes,
    createdAt,
    updatedAt,
    activeAt,
    expiresAt,
    own,
    incarnation,
  ] = parts
  if (who !== expected) throw corrupt('it is the one of another')
  const lifetime = fromLifetimeToken(own!)
  const [userId, label, title] = parts.slice(13)
  return {
    tenantId,
    id,
    incarnation: fromToken(incarnation!),
    revision: Number(revision),
    changes: Number(changes),
    lastSeq: Number(lastSeq),
    trimmedSeq: Number(trimmedSeq),
    bytes: Number(bytes),
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
    activeAt: Number(activeAt),
    ...(expiresAt === '-' ? {} : { expiresAt: Number(expiresAt) }),
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(userId === '' ? {} : { userId: fromToken(userId!) }),
    ...(label === '' ? {} : { label: fromToken(label!) }),
    ...(title === '' ? {} : { title: parseText(title!) }),
  }
}

/** A record as its element of the log, of a session whose body no commit has changed yet. */
export function toRecordText(ref: SessionRef, record: Omit<SessionRecord, 'tenantId' | 'id'>): string {
  const { revision, changes, lastSeq, trimmedSeq, bytes, createdAt, updatedAt, activeAt, expiresAt } = record
  const { lifetime, incarnation, userId = '', label = '', title = '' } = record
  const counts = [
    revision,
    changes,
    lastSeq,
    trimmedSeq,
    bytes,
    createdAt,
    updatedAt,
    activeAt,
    expiresAt ?? '-',
  ]
  const names = [
    toLifetimeToken(lifetime),
    toToken(incarnation),
    '',
    toToken(userId),
    toToken(label),
    toText(title),
  ]
  return ['r3', whose(ref), ...counts, ...names].join(' ')
}

/** Tells sessions apart for code that sees only the stored data of one. */
export function whose({ tenantId, id }: SessionRef): string {
  return digest(`${toToken(tenantId)}:${toToken(id)}`).toString(36)
}

/**
 * Throws for the record of another session: put in this place, or given to this caller by a client that mixes up
 * replies.
 */
export function checkWhose(ref: SessionRef, who: unknown): void {
  if (String(who) !== whose(ref)) throw corrupt('it is the one of another')
}

/** The body of a session, from its element of the log. */
export function parseBody(element: unknown): string {
  if (typeof element !== 'string' || !element.startsWith('b')) throw corrupt('its body is not one')
  return parseText(element.slice(1))
}

/** Messages from their elements, of dense seq in `order`. The first one is of `seq`; without `seq`, of any. */
export function parseMessages(
  elements: readonly unknown[],
  order: 'asc' | 'desc',
  seq = elements.length === 0 ? 0 : seqOf(elements[0]),
): StoredMessage[] {
  return elements.map((element, index) => parseMessage(element, order === 'asc' ? seq + index : seq - index))
}

/** The seq that an element has in its text. */
function seqOf(element: unknown): number {
  const seq = typeof element === 'string' ? /^m(\d+) /.exec(element)?.[1] : undefined
  if (seq === undefined) throw corrupt('a message is not one')
  return Number(seq)
}

// An element is `m` and the seq, then time, id and payload.
function parseMessage(element: unknown, seq: number): StoredMessage {
  const head = `m${seq} `
  if (typeof element !== 'string' || !element.startsWith(head)) throw corrupt(`message ${seq} is not there`)
  const atEnd = element.indexOf(' ', head.length)
  const idEnd = element.indexOf(' ', atEnd + 1)
  const at = Number(element.slice(head.length, atEnd))
  if (atEnd < 0 || idEnd < 0 || !Number.isSafeInteger(at)) throw corrupt(`message ${seq} is not one`)
  return {
    seq,
    id: fromToken(element.slice(atEnd + 1, idEnd)),
    at,
    payload: parseText(element.slice(idEnd + 1)),
  }
}

function parseText(text: string): string {
  try {
    return fromText(text)
  } catch (cause) {
    throw corrupt('a text in it is not one', cause)
  }
}
