import { isSessionError } from '../errors.js'
import type { Message } from '../domain/message.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { Reservation } from './budget.js'
import { isModelFailure } from './dialects/fields.js'
import { localKey, localTurnsOf } from './follow.js'
import { keepSessionAlive } from './keep-alive.js'
import { closeLease, type HeldLease, releaseLease, type TurnClosing } from './lease.js'
import { toTurnResult, type TurnMetadata, type TurnResult } from './event.js'
import type { TurnLog } from './log.js'
import { digestOfQuestion, isReusable, rememberAnswer, toKnownAnswer } from './reuse-answer.js'
import { countBefore } from './count-messages.js'
import { documentsOf } from './documents.js'
import { TurnReply } from './reply.js'
import { priceTurn, recordUsage } from '../usage/record-usage.js'
import { failureOf, runResponder, type TurnHandle } from './responder.js'
import type { TurnStop } from './stop.js'
import type { OngoingTurn, TurnRequest, TurnSurroundings } from './request.js'

export interface AdmittedTurn extends HeldLease {
  /** The message that is answered. */
  readonly message: Message
  /** False when the message was in the log before. */
  readonly inserted: boolean
  readonly log: TurnLog
  readonly stop: TurnStop
  readonly budget: Reservation
}

const firstPauseMs = 50
const longestPauseMs = 2000
// What a model says itself, and nobody for it.
const saidTypes: readonly string[] = ['text', 'reasoning', 'tool-call']

/** Answers a message whose turn holds the session, and stores the answer. */
export function answerTurn<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
  admitted: AdmittedTurn,
): OngoingTurn {
  const { live } = surroundings
  const { lease, message, log, stop } = admitted
  const started = {
    type: 'started' as const,
    turnId: lease.id,
    messageId: lease.messageId,
    seq: message.seq,
    replyId: lease.replyId,
  }
  log.push(started)
  live.emit('turn.started', live.record, { turnId: lease.id, messageId: lease.messageId })

  const result = run(surroundings, request, admitted)
  const running = localTurnsOf(live.service)
  const key = localKey(live.ref.tenantId, lease.id)
  const done = result
    .then(
      () => {},
      () => {},
    )
    .finally(() => {
      running.delete(key)
      stop.end()
    })
  live.service.work.background(JSON.stringify(['turn', key]), () => done)
  running.set(key, { sessionId: live.ref.id, log, done, stop: (reason) => stop.stop(reason) })
  return {
    started,
    isRepeat: false,
    result,
    events: (after) => log.read(after),
    stop: async (reason) => {
      stop.stop(reason)
      await done
    },
  }
}

async function run<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
  admitted: AdmittedTurn,
): Promise<TurnResult> {
  const { live } = surroundings
  const { service } = live
  const { lease, message, log, stop, budget } = admitted
  const begunAt = performance.now()
  const reply = new TurnReply(service.limits.maxMessageLength)
  let firstAt: number | undefined
  const spoke = (): void => {
    firstAt ??= performance.now()
  }
  const counting = countBefore(live, admitted)
  const letGo = keepSessionAlive(live)
  const outcome = await answer(surroundings, request, admitted, { reply, spoke }).finally(letGo)
  const priced = priceTurn(service, reply.usage)
  const metadata: TurnMetadata = {
    id: lease.id,
    ...priced,
    ...(service.usage === undefined ? {} : { incarnation: live.record.incarnation }),
    durationMs: Math.round(performance.now() - begunAt),
    ...(firstAt === undefined ? {} : { firstTokenMs: Math.round(firstAt - begunAt) }),
    ...(reply.finishReason === undefined ? {} : { finishReason: reply.finishReason }),
    ...(outcome.failure === undefined ? {} : { code: outcome.failure.code, error: outcome.failure.message }),
    ...(outcome.status === 'aborted' ? { reason: stop.reason ?? 'cancelled' } : {}),
  }
  const { usage, finishReason, code, error, reason } = metadata
  const said = {
    usage,
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(code === undefined ? {} : { code }),
    ...(error === undefined ? {} : { message: error }),
    ...(reason === undefined ? {} : { reason }),
  }
  let record: SessionRecord
  let replies: Message[]
  try {
    const also = await remembering(surroundings, request, admitted, outcome.status, reply)
    const closing = { status: outcome.status, metadata, reply, counted: await counting, ...also }
    ;({ record, replies } = await persist(surroundings, admitted, closing))
  } catch (error) {
    if (!isSessionError(error, 'turn_lost') && !isSessionError(error, 'not_found')) {
      service.warn({ code: 'reply_unstored', message: 'A reply could not be stored.', cause: error })
      // Even when the store refuses the reply, the session must be free for the next message.
      await releaseLease(live, lease).catch(() => {})
    }
    const lost = { code: 'turn_lost' as const, message: 'The reply could not be stored.' }
    log.push({ type: 'aborted', from: 0, to: 0, usage, reason: 'lost', ...lost })
    await budget.settle(usage).catch(() => {})
    // Whatever became of the reply, it is paid for.
    recordUsage(service, live.record, { ...priced, turnId: lease.id, outcome: 'lost' }, live.identity)
    await log.close()
    throw error
  }
  const [first] = replies
  const places = { from: first!.seq, to: replies.at(-1)!.seq }
  const type = outcome.status
  log.push({ type, ...places, ...said })
  const durationMs = Math.round(performance.now() - begunAt)
  const turnId = lease.id
  if (type === 'aborted') live.emit('turn.aborted', record, { turnId, reason: reason ?? 'cancelled' })
  else live.emit(`turn.${type}`, record, { turnId, durationMs })
  // The answer is stored, so it must not fail because its budget cannot be reached for a moment.
  await budget.settle(usage).catch((cause: unknown) => {
    service.warn({ code: 'budget_unsettled', message: 'A budget was not settled.', cause })
  })
  const ended = { ...priced, turnId, outcome: type, at: replies.at(-1)!.at }
  recordUsage(service, record, ended, live.identity)
  await log.close()
  const result = toTurnResult(message, replies, false)
  return outcome.cause === undefined ? result : { ...result, cause: outcome.cause }
}

interface Outcome {
  readonly status: 'completed' | 'failed' | 'aborted'
  readonly failure?: ReturnType<typeof failureOf>
  readonly cause?: unknown
}

async function answer<Handle extends TurnHandle>(
  { live, session, contextWith }: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
  { lease, message, log, stop }: AdmittedTurn,
  { reply, spoke }: { reply: TurnReply; spoke: () => void },
): Promise<Outcome> {
  const { maxSteps, toolTimeoutMs } = live.service.turns
  try {
    await runResponder({
      respond: request.respond,
      tools: request.tools ?? {},
      maxSteps,
      toolTimeoutMs,
      reply,
      push: (part) => {
        if (saidTypes.includes(part.type)) spoke()
        log.push(part)
      },
      redaction: live.service.redaction,
      warn: live.service.warn,
      turn: {
        session,
        cart: session.cart,
        state: session.state,
        preferences: session.preferences,
        identity: session.identity,
        turnId: lease.id,
        messageId: lease.messageId,
        fence: lease.fence,
        input: message.content,
        signal: stop.signal,
        options: request.options ?? {},
        contextWith,
        documents: () => documentsOf(live),
      },
    })
    return { status: 'completed' }
  } catch (error) {
    if (stop.signal.aborted) return { status: 'aborted' }
    const why = isSessionError(error) || isModelFailure(error) ? ` ${error.message}` : ''
    const told = `A turn failed: respond threw, or gave something invalid.${why}`
    live.service.warn({ code: 'respond_failed', message: told, cause: error })
    return { status: 'failed', failure: failureOf(error), cause: error }
  }
}

/** Remembers the answer, for `reuse` by a later question. */
async function remembering<Handle extends TurnHandle>(
  { live }: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
  { message }: AdmittedTurn,
  status: Outcome['status'],
  reply: TurnReply,
): Promise<Pick<TurnClosing, 'also'>> {
  if (request.reuse === undefined || status !== 'completed' || !isReusable(reply.messages())) return {}
  const { body } = await live.load(0, 0, true)
  const digest = await digestOfQuestion(body, message.content)
  if (digest === undefined) return {}
  return { also: (before, lease) => rememberAnswer(before, toKnownAnswer(live, digest, lease)) }
}

// Memory or a disk that is full may have room in a moment, when other sessions end.
const passing = ['unavailable', 'unknown_outcome', 'store_full'] as const

/** The reply has cost tokens, so a short outage of the store must not lose it. */
async function persist<Handle extends TurnHandle>(
  { live }: TurnSurroundings<Handle>,
  admitted: AdmittedTurn,
  closing: TurnClosing,
): ReturnType<typeof closeLease> {
  const deadline = performance.now() + live.service.turns.leaseMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await closeLease(live, admitted.lease, closing)
    } catch (error) {
      const passes = passing.some((code) => isSessionError(error, code))
      if (!passes || performance.now() + pauseMs > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
