import { isSessionError, SessionError } from '../errors.js'
import { pathWithout } from '../domain/path.js'
import type { ClosedRange } from '../domain/path-ranges.js'
import { newId } from '../ids.js'
import type { LiveSession } from '../service/live-session.js'
import { putAgain } from '../service/put-again.js'
import type { Message } from '../domain/message.js'
import { isChanged } from '../domain/message-changes.js'
import type { SessionBody } from '../domain/session-body.js'
import { sameMessage } from '../service/known-message.js'
import { withdrawIfErased } from '../service/user-record.js'
import { expireNow } from '../session/over-histories.js'
import { answerTurn } from './answer.js'
import { refuseSpent, type Reservation, reserveBudget } from './budget.js'
import { isHeld, stopTurn, waitForEnd } from './follow.js'
import { refuseAnswered } from './refuse-answered.js'
import { releaseLease, type TakenLease, takeLease, turnInProgress } from './lease.js'
import { turnOf } from './event.js'
import { standInLine } from './line.js'
import { TurnLog } from './log.js'
import { turnLogRef } from '../service/living-turn.js'
import {
  checkForDraft,
  messageOf,
  type Placement,
  placeQuestion,
  type Question,
  toQuestion,
} from './question.js'
import { findReplies, readReplies } from './replies.js'
import { digestOfQuestion, reuseAnswer } from './reuse-answer.js'
import { followedTurn, storedTurn } from './repeat.js'
import type { TurnHandle } from './responder.js'
import { TurnStop } from './stop.js'
import type { OngoingTurn, TurnRequest, TurnSurroundings } from './request.js'
import { noUsage } from './usage.js'

/** Admits a message when its session is free: stores it, and starts its answer. */
export async function beginTurn<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
): Promise<OngoingTurn> {
  const { live } = surroundings
  const signal = request.signal ?? new AbortController().signal
  const question = await toQuestion(live, request, signal)
  // A refused turn leaves a draft one.
  if (!live.isStored) {
    checkForDraft(question, (await live.load()).body.path)
    await refuseSpent(live)
  }
  const ifRevision = await live.storeAt(request.ifRevision)
  const { message, from, isNamed } = question
  if (message === undefined || from !== undefined || isNamed) await expireNow(live)
  const policy = request.policy ?? live.service.turns.policy
  const deadline = performance.now() + live.service.turns.queueMs
  const leave = policy === 'queue' ? await standInLine(live, deadline, signal) : (): void => {}
  try {
    return await admit(surroundings, { ...request, ifRevision, signal }, { question, policy, deadline })
  } catch (error) {
    const isReused =
      isSessionError(error, 'conflict') && error.messageId?.startsWith(message?.id ?? ' ') === true
    throw isReused ? keyReused() : error
  } finally {
    leave()
  }
}

function keyReused(): SessionError {
  return new SessionError('key_reused', 'This key, or message id, was used for another message.', {
    path: 'id',
  })
}

interface Admission {
  readonly question: Question
  readonly policy: 'reject' | 'queue' | 'interrupt'
  /** Until when it waits, by the clock of this process. */
  readonly deadline: number
}

async function admit<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle> & { readonly signal: AbortSignal },
  { question, policy, deadline }: Admission,
): Promise<OngoingTurn> {
  const { live } = surroundings
  const { signal } = request
  let mayReuse = true
  // An old path may have an answer that the active branch has not.
  let mayBeOld =
    question.message !== undefined && question.message.role !== 'tool' && question.from === undefined
  for (;;) {
    // The first look may be at a copy. If the copy shows a session that is free, the commit that begins the turn decides:
    // it fails when anything has changed since.
    const { body, record } = await (mayBeOld ? live.show() : live.load())
    const { turn } = body
    const recent = body.recentTurns?.find(({ name }) => name === question.name)
    const upTo = mayBeOld && live.service.shownAgeMs > 0 ? record.lastSeq : undefined
    mayBeOld = false
    if (upTo !== undefined && (turn !== undefined || recent !== undefined)) continue
    // A message that is not on the active branch any more is no repeat: it is put on the branch again.
    const known = recent === undefined ? undefined : await messageOf(live, body, recent)
    let broken: BrokenAnswer | undefined
    if (recent !== undefined && known !== undefined) {
      // What was redacted, or amended, cannot be compared any more.
      const isOther = question.message !== undefined && !isChanged(known)
      if (isOther && !sameMessage(known, question.message)) throw keyReused()
      if (turn?.id === recent.id) {
        if (await isHeld(live, turn)) return followedTurn(live, known, turn)
        continue
      }
      const replies = await readReplies(live, recent)
      if (replies !== undefined && !mayRunAgain(live, replies)) return storedTurn(known, replies)
      if (replies !== undefined) broken = { question: known, lastSeq: replies.at(-1)!.seq }
    } else if (question.message !== undefined && question.from === undefined && record.lastSeq > 0) {
      await refuseAnswered(live, question.message, body)
    }
    if (turn !== undefined) {
      if (!(await isHeld(live, turn))) continue
      if (policy === 'reject') throw turnInProgress()
      if (policy === 'interrupt') await stopTurn(live, turn, 'interrupted')
      const left = deadline - performance.now()
      if (left <= 0 || !(await waitForEnd(live, turn, left, signal))) throw turnInProgress()
      continue
    }
    try {
      const reused = mayReuse && known === undefined ? await reuse(live, request, question, body) : undefined
      if (reused === 'known') {
        // It is answered where it stands, or put on the branch again.
        mayReuse = false
        continue
      }
      return reused ?? (await begin(surroundings, request, { question, body, broken, upTo }))
    } catch (error) {
      // Another caller was faster, perhaps with the same message: look again. Changes during the look-up end here,
      // too.
      const isRace = isSessionError(error, 'turn_in_progress') || isSessionError(error, 'turn_lost')
      const wasOld = upTo !== undefined && isSessionError(error, 'limit_reached')
      if (!isRace && !wasOld) throw error
    }
  }
}

async function reuse<Handle extends TurnHandle>(
  live: LiveSession,
  request: TurnRequest<Handle>,
  { message, from }: Question,
  body: SessionBody,
): Promise<OngoingTurn | 'known' | undefined> {
  if (request.reuse === undefined || request.ifRevision !== undefined) return undefined
  if (message === undefined || from !== undefined) return undefined
  const digest = await digestOfQuestion(body, message.content)
  if (digest === undefined) return undefined
  const reused = await reuseAnswer(live, message, { digest, ttlMs: request.reuse.ttlMs, turnId: newId() })
  return typeof reused === 'object' ? storedTurn(reused.message, reused.replies, false) : reused
}

// Bounds the tries when one message was said on many branches.
const maxCopies = 1000

interface Beginning {
  readonly question: Question
  /** The body when the session was found free. */
  readonly body: SessionBody
  readonly broken: BrokenAnswer | undefined
  /** The newest message of the copy that the body is from; undefined when the store was read. */
  readonly upTo: number | undefined
}

/** A message that is answered again because its reply broke off. */
interface BrokenAnswer {
  readonly question: Message
  /** The seq of the last message of that reply. */
  readonly lastSeq: number
}

async function begin<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
  { question, body, broken, upTo }: Beginning,
): Promise<OngoingTurn> {
  const { live } = surroundings
  const { service, ref } = live
  let placement: Placement =
    broken === undefined
      ? await placeQuestion(live, question, body)
      : { messages: [], known: broken.question, isMissing: false, from: question.from }
  const turnId = newId()
  const stop = new TurnStop(request.signal)
  const log = new TurnLog(service, turnLogRef(ref.tenantId, turnId), service.turns, (reason) =>
    stop.stop(reason),
  )
  // Store the record before the session names the turn: a turn without a heartbeat counts as lost.
  await log.create(live.record)
  let budget: Reservation | undefined
  let held: TakenLease | undefined
  try {
    budget = await reserveBudget(live, turnId)
    const { path } = body
    const leaveOut = broken === undefined ? undefined : brokenRange(broken.question, broken.lastSeq)
    for (let unseen = 1; held === undefined; unseen++) {
      try {
        held = await takeLease(live, {
          turnId,
          question,
          placement,
          named: body.recentTurns?.find(({ name }) => name === question.name)?.id,
          path,
          turnCount: question.message?.role === 'tool' ? (body.turnCount ?? 0) : undefined,
          leaveOut: placement.from === undefined ? leaveOut : undefined,
          ifRevision: request.ifRevision,
          upTo,
        })
      } catch (error) {
        if (!isOfCopy(error, placement) || unseen > maxCopies) throw error
        placement = await placeQuestion(live, question, body, unseen)
      }
    }
    if (placement.from !== undefined) live.emit('session.rewound', live.record, { toSeq: placement.from })
    if (held.inserted) {
      const { id: messageId, seq, role, tokens } = held.message
      live.emit('message.appended', live.record, { messageId, seq, role, tokens })
      await surroundings.appended(held.message)
    } else if (placement.known === undefined) {
      const found = await foundAgain(live, held)
      if (found.replies !== undefined) {
        await releaseLease(live, held.lease)
        await budget.settle(noUsage)
        await log.discard()
        stop.end()
        return storedTurn(held.message, found.replies)
      }
      held = { ...held, message: found.message }
    }
    return answerTurn(surroundings, request, { ...held, log, stop, budget })
  } catch (error) {
    stop.end()
    if (held !== undefined) await releaseLease(live, held.lease).catch(() => {})
    await budget?.settle(noUsage).catch(() => {})
    await log.discard()
    await withdrawIfErased(service, live.record, error).catch(() => {})
    throw error
  }
}

/** Whether another branch has a message of the same id that is too far away to have been found. */
function isOfCopy(error: unknown, { messages: [message], mayBeCopy }: Placement): boolean {
  return mayBeCopy === true && isSessionError(error, 'conflict') && error.messageId === message!.id
}

/**
 * Decides about a message that is in the log already. With an answer that is valid, returns its replies; otherwise
 * puts the message at the end of the active branch, to be answered again.
 */
async function foundAgain(
  live: LiveSession,
  { lease, message, body }: TakenLease,
): Promise<{ message: Message; replies?: Message[] }> {
  const [again] = await putAgain(live, [message])
  if (again !== undefined) return { message: again }
  const replies = await findReplies(live, body, message.id, message.seq)
  if (replies === undefined) return { message }
  if (!mayRunAgain(live, replies)) return { message, replies }
  // Its reply broke off: remove the reply from the active branch; the log keeps it.
  const { from, to } = brokenRange(message, replies.at(-1)!.seq)
  await live.update((before) => {
    if (before.turn?.id !== lease.id) return before
    return { ...before, path: pathWithout(before.path, from, to) }
  })
  return { message }
}

function brokenRange(question: Message, lastSeq: number): ClosedRange {
  return { from: question.seq + 1, to: lastSeq }
}

/** A reply that broke off is tried again only while it is the last message of the conversation. */
function mayRunAgain(live: LiveSession, replies: readonly Message[]): boolean {
  const reply = replies.at(-1)!
  const brokeOff =
    reply.status === 'failed' || (reply.status === 'aborted' && turnOf(reply).reason === 'lost')
  return brokeOff && live.record.lastSeq === reply.seq
}
