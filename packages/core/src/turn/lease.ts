import { countingTokensOf } from '../service/count-tokens.js'
import { tooManyMessages } from '../contract/refusals.js'
import { roomUpTo } from '../service/room.js'
import { isSessionError, isUnreadable, SessionError } from '../errors.js'
import { type BranchDeparture, rewound } from '../domain/branches.js'
import type { TurnAbortReason } from '../domain/events.js'
import { newId } from '../ids.js'
import { stepsInSlices } from '../async/slices.js'
import { cutPath, pathWithout } from '../domain/path.js'
import type { ClosedRange } from '../domain/path-ranges.js'
import type { LiveSession } from '../service/live-session.js'
import { decodeMessage, encodeParsed, type Message } from '../domain/message.js'
import type { SessionBody, TurnLease } from '../domain/session-body.js'
import type { Service } from '../service/service.js'
import type { SessionRecord } from '../contract/session-record.js'
import { isEnd, replyIds, type TurnMetadata } from './event.js'
import { askToStop, readTurnLog } from './log.js'
import { turnLogRef } from '../service/living-turn.js'
import type { TurnPart } from './part.js'
import type { Placement, Question } from './question.js'
import { settleLostBudget } from './budget.js'
import { TurnReply } from './reply.js'
import { type CountedBefore, withStats } from './count-messages.js'
import { countsOf, noCounts, sumOfCounts } from '../domain/message-tally.js'
import { priceTurn, recordUsage } from '../usage/record-usage.js'
import { addUsages, type TurnUsage } from './usage.js'

const keptTurns = 8
const keptDocumentTurns = 10
// The body is bounded, but neither the beginning nor the end of a turn may be refused because of what it adds: the
// lease, totals, the places of documents and answers.
export const turnSlack = 32_768

/** What the end of a turn writes. */
export interface TurnClosing {
  readonly status: 'completed' | 'failed' | 'aborted'
  readonly metadata: TurnMetadata
  readonly reply: TurnReply
  /** The messages before the reply, counted. */
  readonly counted?: CountedBefore | undefined
  /** Further changes of the body at the end of this turn. */
  readonly also?: (body: SessionBody, lease: TurnLease) => SessionBody
}

interface ClosedTurn {
  readonly record: SessionRecord
  readonly replies: Message[]
}

/** A turn that holds the session. */
export interface HeldLease {
  readonly lease: TurnLease
}

export interface TakenLease extends HeldLease {
  /** The message that is answered. */
  readonly message: Message
  /** False when the message was in the log before. */
  readonly inserted: boolean
  /** The session after the commit. */
  readonly body: SessionBody
}

export interface LeaseOptions {
  readonly turnId: string
  readonly question: Question
  readonly placement: Placement
  /** The id of an earlier turn with the same name when the placement was found, if there was one. */
  readonly named: string | undefined
  /** The end of the active branch when the placement was found. */
  readonly path: SessionBody['path']
  /** The turns that had begun when it was found that nobody has answered what the question answers; otherwise absent. */
  readonly turnCount?: number | undefined
  /** Leaves out the messages after this seq: a reply that broke off. */
  readonly leaveOut?: ClosedRange | undefined
  /** Only if the body is at this revision; otherwise `conflict`. */
  readonly ifRevision?: number | undefined
  /** Only if there is no newer message than this; otherwise `limit_reached`. */
  readonly upTo?: number | undefined
}

/**
 * Gives a turn the lease on the session and puts its message at the end of the active branch, in one commit.
 *
 * @throws `turn_in_progress` when another turn has the lease; `turn_lost` when the conversation moved meanwhile;
 * `conflict` when the message's id is used for another message.
 */
export async function takeLease(live: LiveSession, options: LeaseOptions): Promise<TakenLease> {
  const { turnId, question, placement, named, leaveOut, ifRevision, upTo } = options
  const { maxMessages } = live.service.limits
  const shape = JSON.stringify(options.path)
  const messageId = placement.known?.id ?? question.message!.id
  let taken: TurnLease | undefined
  const updated = await live.update(
    (body) => {
      if (body.turn !== undefined && body.turn.id !== turnId) throw turnInProgress()
      // Another call has begun, and maybe ended, the same question since: this caller must get that answer.
      const newest = body.recentTurns?.find((recent) => recent.name === question.name)?.id
      if (newest !== named && newest !== turnId) {
        throw new SessionError('turn_lost', 'Another call has begun to answer the same message.')
      }
      const { turnCount = body.turnCount } = options
      const hasBegun = body.turn?.id !== turnId && (turnCount ?? 0) !== (body.turnCount ?? 0)
      if (hasBegun || JSON.stringify(body.path) !== shape) throw movedOn()
      const { lastSeq } = live.record
      // There has to be room for the answer, too.
      if (lastSeq + 1 + placement.messages.length > maxMessages) throw tooManyMessages(maxMessages)
      const leaving = { branchId: newId(), lastSeq, at: Date.now() }
      const fence = (body.turnCount ?? 0) + 1
      const replyId = `${messageId}.r${fence}`
      taken = { id: turnId, fence, messageId, replyId, after: lastSeq }
      const { name } = question
      const others = (body.recentTurns ?? []).filter((recent) => recent.name !== name)
      const seq = placement.known?.seq ?? lastSeq + 1
      const recent = { id: turnId, name, messageId, seq, replyId, after: lastSeq }
      return {
        ...placed(body, leaveOut, placement, leaving),
        turn: taken,
        turnCount: fence,
        recentTurns: [...others, recent].slice(-keptTurns),
      }
    },
    {
      messages: placement.messages,
      ...roomUpTo(live.service, upTo, placement.messages.length),
      slack: turnSlack,
      ifRevision,
    },
  )
  const [appended] = updated.appended
  const { body } = updated
  if (appended === undefined) return { lease: taken!, message: placement.known!, inserted: false, body }
  const { seq, at, inserted } = appended
  const message = decodeMessage({ ...placement.messages[0]!, seq, at })
  return { lease: taken!, message, inserted, body }
}

/** The body with the branch where the turn continues. */
function placed(
  before: SessionBody,
  leaveOut: ClosedRange | undefined,
  { from, known, isMissing }: Placement,
  leaving: BranchDeparture,
): SessionBody {
  let body = before
  const goesBack = from !== undefined && !endsAt(body.path, from, leaving.lastSeq)
  if (goesBack) body = rewound(body, from, leaving)
  else if (leaveOut !== undefined) {
    body = { ...body, path: pathWithout(body.path, leaveOut.from, leaveOut.to) }
  }
  if (known === undefined || !isMissing) return body
  if (body.path.at(-1)!.from <= leaving.lastSeq) throw movedOn()
  const again = { from: known.seq, to: known.seq }
  return { ...body, path: [...body.path.slice(0, -1), again, { from: leaving.lastSeq + 1 }] }
}

function movedOn(): SessionError {
  return new SessionError('turn_lost', 'The conversation moved on before the turn began.')
}

/** Whether a branch ends at a seq: then there are no later messages to keep as a branch. */
function endsAt(path: SessionBody['path'], seq: number, lastSeq: number): boolean {
  return JSON.stringify(cutPath(path, seq)) === JSON.stringify(cutPath(path, lastSeq))
}

/**
 * Ends a turn: stores its reply and frees the session, in one commit.
 *
 * @throws `turn_lost` when another turn holds the session; `not_found` when the session is gone.
 */
export async function closeLease(
  live: LiveSession,
  lease: TurnLease,
  closing: TurnClosing,
): Promise<ClosedTurn> {
  try {
    return await storeReply(live, lease, closing)
  } catch (error) {
    const isTaken = isSessionError(error, 'conflict') && error.messageId?.startsWith(lease.replyId) === true
    if (!isTaken) throw error
    // Callers choose the ids of their messages; a message with the reply's id must not block the session.
    const [another] = crypto.getRandomValues(new Uint32Array(1))
    return storeReply(live, { ...lease, replyId: `${lease.replyId}${another}` }, closing)
  }
}

async function storeReply(live: LiveSession, lease: TurnLease, closing: TurnClosing): Promise<ClosedTurn> {
  const messages = closing.reply.messages(closing.status)
  const ids = replyIds(lease.replyId, messages.length)
  const { sources } = closing.reply
  const documents = closing.reply.documents()
  const last = messages.at(-1)!
  last.metadata = {
    ...last.metadata,
    turn: closing.metadata as never,
    ...(documents.length === 0 ? {} : { documents: documents as never }),
    ...(sources.length === 0 ? {} : { sources }),
  }
  // The parts of the reply were checked when they came, so they are not checked again.
  const named = messages.map((input, index) => ({ ...input, id: ids[index]! }))
  let counts = noCounts
  const encoded = await stepsInSlices(named, function* (message) {
    const tokens = yield* countingTokensOf(live.service)(message)
    counts = sumOfCounts(counts, countsOf({ status: 'completed', ...message, tokens }))
    return encodeParsed(message, tokens)
  })
  const updated = await live.update(
    (body) => {
      if (body.turn?.id !== lease.id) {
        throw new SessionError(
          'turn_lost',
          'Another process took the turn over, or the conversation moved on without it.',
        )
      }
      const { replyId, after } = lease
      const recentTurns = body.recentTurns?.map((turn) =>
        turn.id === lease.id ? { ...turn, replyId } : turn,
      )
      const closed = addUsage({ ...body, turn: undefined, recentTurns }, closing.metadata.usage)
      const turns = documents.length === 0 ? [] : [{ replyId, after }]
      const documentTurns = [...(body.documentTurns ?? []), ...turns].slice(-keptDocumentTurns)
      const next = documentTurns.length === 0 ? closed : { ...closed, documentTurns }
      const counted = withStats(next, live.record, closing.counted, { messages: encoded.length, counts })
      return closing.also?.(counted, lease) ?? counted
    },
    { messages: encoded, slack: turnSlack, byTurn: true },
  )
  const replies = updated.appended.map(({ seq, at }, index) => decodeMessage({ ...encoded[index]!, seq, at }))
  for (const [index, { inserted }] of updated.appended.entries()) {
    const { id: messageId, seq, role, tokens } = replies[index]!
    if (inserted) live.emit('message.appended', updated.record, { messageId, seq, role, tokens })
  }
  return { record: updated.record, replies }
}

/** Frees the session without a reply. When another turn holds the session, there is nothing to do. */
export async function releaseLease(live: LiveSession, lease: TurnLease): Promise<void> {
  await live.update((body) => (body.turn?.id === lease.id ? { ...body, turn: undefined } : body), {
    slack: turnSlack,
    byTurn: true,
  })
}

/**
 * Ends a turn whose process died: the part of its answer that was stored becomes its reply, marked `aborted`. If the
 * process was only slow, it is stopped with what it writes next.
 */
export async function settleLost(live: LiveSession, lease: TurnLease): Promise<void> {
  const { service } = live
  const reply = await salvage(service, live.ref.tenantId, lease)
  const reason: TurnAbortReason = 'lost'
  try {
    const { finishReason } = reply
    const priced = priceTurn(service, reply.usage)
    const { incarnation } = live.record
    const metadata = {
      id: lease.id,
      ...priced,
      ...(service.usage === undefined ? {} : { incarnation }),
      reason,
      ...(finishReason === undefined ? {} : { finishReason }),
    }
    const { record, replies } = await closeLease(live, lease, { status: 'aborted', reply, metadata })
    service.emit('turn.aborted', record, { turnId: lease.id, reason }, 'system')
    // Otherwise it would go on to ask its model and to run its tools, for nobody.
    const log = turnLogRef(live.ref.tenantId, lease.id)
    await askToStop(service, log, reason, service.turns.keepMs).catch(() => {})
    const lost = { ...priced, turnId: lease.id, outcome: 'lost' as const, at: replies.at(-1)!.at }
    recordUsage(service, record, lost, 'system')
    // It is paid for, though nobody is there who has reserved it.
    await settleLostBudget(live, lease.id, priced.usage).catch((cause: unknown) => {
      service.warn({ code: 'budget_unsettled', message: 'A budget was not settled.', cause })
    })
  } catch (error) {
    // Another caller has ended it, or its process wrote again just in time.
    if (!isSessionError(error, 'turn_lost')) throw error
  }
}

async function salvage(service: Service, tenantId: string, lease: TurnLease): Promise<TurnReply> {
  const reply = new TurnReply(service.limits.maxMessageLength)
  const ref = turnLogRef(tenantId, lease.id)
  try {
    for (let after = 0, more = true; more;) {
      const page = await readTurnLog(service, ref, after)
      for (const event of page.events) {
        if (event.type !== 'started' && !isEnd(event)) reply.add(toPart(event))
      }
      more = page.seq > after
      after = page.seq
    }
  } catch (error) {
    const isPassedOver = isSessionError(error, 'not_found') || isSessionError(error, 'too_large')
    if (!isPassedOver && !isUnreadable(error)) throw error
  }
  return reply
}

function addUsage(body: SessionBody, usage: TurnUsage): SessionBody {
  const { turns, ...before } = body.usage ?? { turns: 0, inputTokens: 0, outputTokens: 0, costMicros: 0 }
  return { ...body, usage: { ...before, ...addUsages(before, usage), turns: turns + 1 } }
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
