import { countTokensOf } from '../service/count-tokens.js'
import { tooManyBytes } from '../contract/refusals.js'
import { checkOptions } from '../options.js'
import { SessionError } from '../errors.js'
import { byteLength, type JsonObject, parseJsonObject } from '../json.js'
import type { StoredMessage } from '../contract/session-store.js'
import {
  type ChangedMessage,
  decodeMessage,
  encodeChanged,
  type Message,
  type MessageInput,
  parseMessage,
} from '../domain/message.js'
import {
  amendedMessage,
  annotatedMessage,
  redactedAt,
  redactedMessage,
  withoutDerived,
} from '../domain/message-changes.js'
import { Attempts } from '../service/attempts.js'
import type { ChangeOptions } from '../service/change-options.js'
import { afterWrite } from '../service/unknown-outcome.js'
import type { UserFact } from '../domain/user-fact.js'
import { forgetInMemory } from '../service/user-memory.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'
import { isHistoryOver } from '../session/expiry.js'
import { isHeld } from './follow.js'
import { forgetWords } from './forget-words.js'
import { turnInProgress, turnSlack } from './lease.js'

/** What a message is to say instead. */
type Amendment = Pick<MessageInput, 'content'>

interface AnnotateOptions {
  ifChanges?: number
}

/** Takes away what a message says, and what was made of it. @throws `invalid`, `turn_in_progress`, `conflict` */
export async function redactMessage(
  live: LiveSession,
  seq: number,
  options: ChangeOptions = {},
): Promise<Message> {
  const { storeClock } = live.service
  const countTokens = countTokensOf(live.service)
  const encode = (stored: StoredMessage): string => {
    const message = decodeMessage(stored)
    const asOf = (at: number): string => payloadOf(stored, redactedMessage(message, at), countTokens)
    const known = redactedAt(message)
    // A message may claim to be redacted: it is when nothing would change.
    if (known !== undefined && asOf(known) === stored.payload) return stored.payload
    return asOf(storeClock.now())
  }
  const { message, isNew } = await editMessage(live, seq, encode, options)
  if (isNew) live.emit('message.redacted', live.record, { messageId: message.id, seq })
  return message
}

/** Has a message say something else. @throws `invalid`, `too_large`, `turn_in_progress`, `conflict` */
export async function amendMessage(
  live: LiveSession,
  seq: number,
  amendment: Amendment,
  options: ChangeOptions = {},
): Promise<Message> {
  checkOptions<Amendment>(amendment, { content: true })
  const { limits, storeClock, redaction } = live.service
  const countTokens = countTokensOf(live.service)
  const encode = async (stored: StoredMessage): Promise<string> => {
    const message = readable(stored)
    const { role, status } = message
    const input = { role, ...amendment, ...(status === 'corrupt' ? {} : { status }) }
    const given = parseMessage(input, 'change')
    const said = redaction === undefined ? given.content : await redaction.content(given.content, role)
    const { content } = parseMessage({ ...given, content: said }, 'change')
    const changed = amendedMessage(message, content, storeClock.now())
    if (JSON.stringify(content) === JSON.stringify(message.content)) return stored.payload
    const payload = payloadOf(stored, changed, countTokens)
    const bytes = byteLength(payload)
    if (bytes <= limits.maxMessageLength) return payload
    throw new SessionError(
      'too_large',
      `The message takes ${bytes} bytes; the limit is ${limits.maxMessageLength}.`,
      {
        path: 'content',
      },
    )
  }
  const { message, isNew } = await editMessage(live, seq, encode, options)
  if (isNew) live.emit('message.amended', live.record, { messageId: message.id, seq })
  return message
}

/** Merges a patch into the annotations of a message. @throws `invalid`, `too_large`, `conflict` */
export async function annotateMessage(
  live: LiveSession,
  seq: number,
  patch: JsonObject,
  options: AnnotateOptions = {},
): Promise<Message> {
  checkOptions<AnnotateOptions>(options, { ifChanges: true })
  const { redaction } = live.service
  const given = parseJsonObject(patch, 'annotations')
  const encode = async (stored: StoredMessage): Promise<string> => {
    const message = readable(stored)
    const parsed = (await redaction?.json(given, 'metadata.annotations', message.role)) ?? given
    return encodeChanged(stored, annotatedMessage(message, parsed), message.tokens)
  }
  const ready = ({ record }: SessionSnapshot): true => {
    if (options.ifChanges === undefined || options.ifChanges === record.changes) return true
    const { revision } = record
    throw new SessionError('conflict', 'The session has changed since it was read.', { revision })
  }
  const { message, isNew } = await replaceMessage(live, seq, encode, ready)
  if (isNew) live.emit('message.annotated', live.record, { messageId: message.id, seq })
  return message
}

interface Replaced {
  readonly message: Message
  /** False when the message was so already. */
  readonly isNew: boolean
}

/** The payload that a message is to have: the one it has, when nothing is to change. */
type Encode = (stored: StoredMessage) => string | Promise<string>

/**
 * Whether to go on with the session as it was read, or to read it again.
 *
 * @param growth Bytes that the message is to take more than before.
 */
type Ready = (seen: SessionSnapshot, growth: number) => boolean | Promise<boolean>

/**
 * Replaces what a message says. What was made of the words goes before they do, so that a process that dies on the way
 * leaves nothing of them behind; and once more afterwards, for somebody may have read them in between.
 */
async function editMessage(
  live: LiveSession,
  seq: number,
  encode: Encode,
  options: ChangeOptions,
): Promise<Replaced> {
  const { maxSessionBytes } = live.service.limits
  const drop = async (how: ChangeOptions): Promise<void> => {
    await live.update((body) => withoutDerived(body, seq), { ...how, slack: turnSlack })
  }
  let isDropped = false
  const replaced = await replaceMessage(live, seq, encode, async ({ record, body: { turn } }, growth) => {
    if (turn !== undefined) {
      if (await isHeld(live, turn)) throw turnInProgress()
      return false
    }
    if (growth > 0 && record.bytes + growth > maxSessionBytes) throw tooManyBytes(maxSessionBytes)
    if (isDropped) return true
    await drop(options)
    live.reuseRead()
    isDropped = true
    return false
  })
  await afterWrite(async () => {
    await drop({})
    await forgetWords(live, options.changeId)
    await forgetFactsFrom(live, seq)
  })
  return replaced
}

/** What other sessions remember of the words is gone with them. */
async function forgetFactsFrom({ service, record, ref }: LiveSession, seq: number): Promise<void> {
  const { tenantId, userId } = record
  if (userId === undefined) return
  const isOfIt = (fact: UserFact): boolean => fact.sessionId === ref.id && fact.seq === seq
  await forgetInMemory(service, { tenantId, userId }, isOfIt)
}

/** Replaces the payload of a message, again while somebody else is faster. */
async function replaceMessage(
  live: LiveSession,
  seq: number,
  encode: Encode,
  ready: Ready,
): Promise<Replaced> {
  const { ttl } = live.service
  const attempts = new Attempts()
  try {
    for (;;) {
      const seen = await live.load(Number.isFinite(ttl.historyMs) ? 1 : 0)
      if (await isHistoryOver(live.service, live.ref, seen.messages.at(-1), seen.body.turn))
        throw noSuchMessage(seq)
      const stored = await messageAt(live, seq)
      const payload = await encode(stored)
      const message = decodeMessage({ ...stored, payload })
      const isSame = payload === stored.payload
      // Also where the answer to an earlier try got lost.
      if (isSame && attempts.mayBeApplied) return { message, isNew: true }
      const growth = isSame ? 0 : byteLength(payload) - byteLength(stored.payload)
      if (!(await ready(seen, growth))) continue
      if (isSame) return { message, isNew: false }
      try {
        if (await live.amend(seq, payload, seen.record)) return { message, isNew: true }
        throw new SessionError('conflict', 'The session changed each time the message was to be changed.')
      } catch (error) {
        await attempts.again(error)
      }
    }
  } catch (error) {
    throw attempts.told(error)
  }
}

async function messageAt(live: LiveSession, seq: number): Promise<StoredMessage> {
  const isPlace = Number.isSafeInteger(seq) && seq > 0
  if (isPlace && live.isStored) {
    const { messages } = await live.service.store.messages(live.ref, {
      after: seq - 1,
      before: seq + 1,
      limit: 1,
    })
    if (messages[0] !== undefined) return messages[0]
  }
  throw noSuchMessage(seq)
}

function noSuchMessage(seq: number): SessionError {
  return new SessionError(
    'invalid',
    `There is no message ${typeof seq === 'number' ? seq : 'of this kind'}.`,
    { path: 'seq' },
  )
}

function readable(stored: StoredMessage): Message {
  const message = decodeMessage(stored)
  if (message.status !== 'corrupt') return message
  throw new SessionError('invalid', `Message ${message.seq} cannot be read.`, { path: 'seq' })
}

function payloadOf(
  stored: StoredMessage,
  changed: ChangedMessage,
  countTokens: (message: Pick<Message, 'role' | 'content'>) => number,
): string {
  const { role } = decodeMessage(stored)
  return encodeChanged(stored, changed, countTokens({ role, content: changed.content }))
}
