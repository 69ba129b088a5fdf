import { isSessionError, SessionError } from '../errors.js'
import type { TurnAbortReason } from '../domain/events.js'
import type { LiveSession, SessionUpdate } from '../service/live-session.js'
import { decodeMessage, encodeMessage, type Message, type MessageInput } from '../domain/message.js'
import type { SessionBody, TurnLease } from '../domain/session-body.js'
import type { Service } from '../service/service.js'
import type { SessionRecord } from '../contract/session-record.js'
import { isEnd, replyIds, type TurnEnded, type TurnMetadata } from './event.js'
import { readTurnLog, turnLogRef } from './log.js'
import { type TurnPart, TurnReply, type TurnUsage } from './part.js'

const keptTurns = 8
const keptDocumentTurns = 10
// The end of a turn must not be refused for what it adds to the body: totals, and where its documents are.
export const closingSlack = 4096

/** What the end of a turn writes. */
export interface TurnClosing {
  readonly status: 'completed' | 'failed' | 'aborted'
  readonly metadata: TurnMetadata
  readonly reply: TurnReply
  /** Changes the body beside what the end of every turn does. */
  readonly also?: (body: SessionBody) => SessionBody
}

interface ClosedTurn {
  readonly record: SessionRecord
  readonly replies: Message[]
}

/** A turn that is the session's, and where its user's message is. */
export interface HeldLease {
  readonly lease: TurnLease
  readonly seq: number
}

/**
 * Makes `lease` the session's turn and stores the user's message, in one commit.
 *
 * @throws `turn_in_progress` when there is one already; `conflict` when the message's id is used for another one, or
 * the session is not at `ifRevision`.
 */
export async function takeLease(
  live: LiveSession,
  lease: Omit<TurnLease, 'fence' | 'replyId'>,
  message: MessageInput,
  ifRevision?: number,
): Promise<HeldLease & { inserted: boolean; message: Message; updated: SessionUpdate }> {
  const { limits, countTokens } = live.service
  const encoded = encodeMessage(message, { maxLength: limits.maxMessageLength, countTokens })
  let taken: TurnLease | undefined
  const updated = await live.update(
    (body) => {
      if (body.turn !== undefined && body.turn.id !== lease.id) throw turnInProgress()
      if (live.record.lastSeq + 2 > limits.maxMessages) {
        throw new SessionError('limit_reached', `A session holds at most ${limits.maxMessages} messages.`, {
          path: 'messages',
        })
      }
      const fence = (body.turnCount ?? 0) + 1
      taken = { ...lease, fence, replyId: `${lease.messageId}.r${fence}` }
      const others = (body.recentTurns ?? []).filter((id) => id !== lease.messageId)
      const recentTurns = [...others, lease.messageId].slice(-keptTurns)
      return { ...body, turn: taken, turnCount: fence, recentTurns }
    },
    { messages: [encoded], ifRevision },
  )
  const { seq, at, inserted } = updated.appended[0]!
  return { updated, lease: taken!, seq, inserted, message: decodeMessage({ ...encoded, seq, at }) }
}

/**
 * Ends a turn: stores its reply and frees the session, in one commit.
 *
 * @throws `turn_lost` when the turn is no longer the session's; `not_found` when the session is gone.
 */
export async function closeLease(
  live: LiveSession,
  held: HeldLease,
  closing: TurnClosing,
): Promise<ClosedTurn> {
  const { lease } = held
  try {
    return await storeReply(live, held, closing)
  } catch (error) {
    const isTaken = isSessionError(error, 'conflict') && error.messageId?.startsWith(lease.replyId) === true
    if (!isTaken) throw error
    // Callers name their messages as they like, and one that is named like this reply must not hold the session.
    const [another] = crypto.getRandomValues(new Uint32Array(1))
    return storeReply(live, { ...held, lease: { ...lease, replyId: `${lease.replyId}${another}` } }, closing)
  }
}

async function storeReply(
  live: LiveSession,
  { lease, seq }: HeldLease,
  closing: TurnClosing,
): Promise<ClosedTurn> {
  const { limits, countTokens } = live.service
  const messages = closing.reply.messages(closing.status)
  const ids = replyIds(lease.replyId, messages.length)
  const { documents, sources } = closing.reply
  // What the reply may take was checked piece by piece; its ids and metadata come on top.
  const maxLength = limits.maxMessageLength + closingSlack
  const last = messages.at(-1)!
  last.metadata = {
    turn: closing.metadata as never,
    ...(documents.length === 0 ? {} : { documents: documents as never }),
    ...(sources.length === 0 ? {} : { sources }),
  }
  const encoded = messages.map((input, index) =>
    encodeMessage({ ...input, id: ids[index]! }, { maxLength, countTokens }),
  )
  const updated = await live.update(
    (body) => {
      if (body.turn?.id !== lease.id) {
        throw new SessionError(
          'turn_lost',
          'The turn was taken over, or the conversation moved on without it.',
        )
      }
      const closed = addUsage({ ...body, turn: undefined }, closing.metadata.usage)
      const turns = documents.length === 0 || seq === 0 ? [] : [{ messageId: lease.messageId, seq }]
      const documentTurns = [...(body.documentTurns ?? []), ...turns].slice(-keptDocumentTurns)
      const next = documentTurns.length === 0 ? closed : { ...closed, documentTurns }
      return closing.also?.(next) ?? next
    },
    { messages: encoded, slack: closingSlack },
  )
  const replies = updated.appended.map(({ seq, at }, index) => decodeMessage({ ...encoded[index]!, seq, at }))
  for (const [index, { inserted }] of updated.appended.entries()) {
    const { id: messageId, seq, role, tokens } = replies[index]!
    if (inserted) live.service.emit('message.appended', updated.record, { messageId, seq, role, tokens })
  }
  return { record: updated.record, replies }
}

/** Frees the session without a reply. Not the session's turn any more: nothing is left to do. */
export async function releaseLease(live: LiveSession, lease: TurnLease): Promise<void> {
  await live.update((body) => (body.turn?.id === lease.id ? { ...body, turn: undefined } : body))
}

/**
 * Ends a turn that nobody works on any more: what it had said so far, as far as it was stored, becomes its reply,
 * marked `aborted`. Whoever ran it finds, if it wakes up after all, that it has lost the turn.
 */
export async function settleLost(live: LiveSession, lease: TurnLease): Promise<void> {
  const { service } = live
  const { reply, seq, end } = await salvage(service, live.ref.tenantId, lease)
  // It may have ended and died just then; the session would not hold the lease if its last write had happened.
  const status = end?.type === 'failed' ? 'failed' : 'aborted'
  const reason: TurnAbortReason = 'lost'
  try {
    const { record } = await closeLease(
      live,
      { lease, seq },
      {
        status,
        reply,
        metadata: { id: lease.id, usage: reply.usage, reason },
      },
    )
    service.emit('turn.aborted', record, { turnId: lease.id, reason })
  } catch (error) {
    // Somebody else settled it, or it came back to life just in time.
    if (!isSessionError(error, 'turn_lost')) throw error
  }
}

async function salvage(service: Service, tenantId: string, lease: TurnLease) {
  const reply = new TurnReply(service.limits.maxMessageLength)
  const ref = turnLogRef(tenantId, lease.id)
  let seq = 0
  let end: TurnEnded | undefined
  try {
    for (let after = 0, more = true; more;) {
      const page = await readTurnLog(service, ref, after)
      for (const event of page.events) {
        if (event.type === 'started') seq = event.seq
        else if (isEnd(event)) end = event
        else reply.add(toPart(event))
      }
      more = page.seq > after
      after = page.seq
    }
  } catch (error) {
    if (!isSessionError(error, 'not_found') && !isSessionError(error, 'too_large')) throw error
  }
  return { reply, seq, end }
}

function addUsage(body: SessionBody, usage: TurnUsage): SessionBody {
  const before = body.usage ?? { turns: 0, inputTokens: 0, outputTokens: 0, costMicros: 0 }
  return {
    ...body,
    usage: {
      turns: before.turns + 1,
      inputTokens: before.inputTokens + usage.inputTokens,
      outputTokens: before.outputTokens + usage.outputTokens,
      costMicros: before.costMicros + usage.costMicros,
    },
  }
}

export function turnInProgress(retryAfterMs = 1000): SessionError {
  return new SessionError('turn_in_progress', 'Another message of this session is being answered.', {
    retryAfterMs,
  })
}

function toPart(event: TurnPart & { readonly n: number }): TurnPart {
  const part: Partial<typeof event> = { ...event }
  delete (part as { n?: number }).n
  return part as TurnPart
}
