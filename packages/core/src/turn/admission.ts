import { digestOf } from '../digest.js'
import { isSessionError, SessionError } from '../errors.js'
import { cutPath } from '../domain/path.js'
import { newId } from '../ids.js'
import type { LiveSession } from '../service/live-session.js'
import { decodeMessage, encodeMessage, type Message, type MessageInput } from '../domain/message.js'
import type { Service } from '../service/service.js'
import { answerTurn } from './answer.js'
import { type Reservation, reserveBudget } from './budget.js'
import { findReplies, isHeld, localKey, stopTurn, waitForEnd } from './follow.js'
import { type HeldLease, releaseLease, takeLease, turnInProgress } from './lease.js'
import { turnOf } from './event.js'
import { TurnLog, turnLogRef } from './log.js'
import { digestOfQuestion, reuseAnswer } from './reuse-answer.js'
import { followedTurn, storedTurn } from './repeat.js'
import type { TurnHandle } from './responder.js'
import { TurnStop } from './stop.js'
import type { OngoingTurn, TurnRequest, TurnSurroundings } from './request.js'

// Ids of replies are made of it.
const maxMessageIdLength = 150

const noUsage = { inputTokens: 0, outputTokens: 0, costMicros: 0 }

type NamedMessage = MessageInput & { id: string }

/** Lets a message in when its session is free: stores it, and has it answered. */
export async function beginTurn<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
): Promise<OngoingTurn> {
  const { live } = surroundings
  const message = await toMessage(request)
  const { limits, countTokens } = live.service
  // Refused here, before it has waited for anybody, and before there is anything to clean up.
  encodeMessage(message, { maxLength: limits.maxMessageLength, countTokens })
  await live.store()
  const policy = request.policy ?? live.service.turns.policy
  const leave = policy === 'queue' ? await standInLine(live) : (): void => {}
  try {
    return await admit(surroundings, request, message, policy)
  } catch (error) {
    const isReused = isSessionError(error, 'conflict') && error.messageId === message.id
    if (!isReused) throw error
    throw new SessionError('key_reused', 'This key, or message id, was used for another message.', {
      path: 'id',
    })
  } finally {
    leave()
  }
}

async function admit<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
  message: NamedMessage,
  policy: 'reject' | 'queue' | 'interrupt',
): Promise<OngoingTurn> {
  const { live } = surroundings
  const deadline = performance.now() + live.service.turns.queueMs
  const signal = request.signal ?? new AbortController().signal
  for (;;) {
    const { body } = await live.load()
    const { turn } = body
    if (body.recentTurns?.includes(message.id) === true) {
      const stored = await appendAgain(live, message)
      if (turn?.messageId === message.id) {
        if (await isHeld(live, turn)) return followedTurn(live, stored, turn)
        continue
      }
      const replies = await findReplies(live, message.id, stored.seq)
      if (replies !== undefined && !mayRunAgain(live, replies)) return storedTurn(stored, replies)
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
      return (await reuse(live, request, message)) ?? (await begin(surroundings, request, message))
    } catch (error) {
      // Somebody was faster, perhaps with this very message: look again. What changed while we looked passes too.
      const isRace = isSessionError(error, 'turn_in_progress') || isSessionError(error, 'turn_lost')
      if (!isRace) throw error
    }
  }
}

async function reuse<Handle extends TurnHandle>(
  live: LiveSession,
  request: TurnRequest<Handle>,
  message: NamedMessage,
): Promise<OngoingTurn | undefined> {
  if (request.reuse === undefined || request.ifRevision !== undefined) return undefined
  const digest = await digestOfQuestion((await live.load()).body, message.content)
  if (digest === undefined) return undefined
  const reused = await reuseAnswer(live, message, { digest, ttlMs: request.reuse.ttlMs, turnId: newId() })
  return reused === undefined ? undefined : storedTurn(reused.message, reused.replies, false)
}

async function begin<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  request: TurnRequest<Handle>,
  message: NamedMessage,
): Promise<OngoingTurn> {
  const { live } = surroundings
  const { service, ref } = live
  const turnId = newId()
  const stop = new TurnStop(request.signal)
  const log = new TurnLog(service, turnLogRef(ref.tenantId, turnId), service.turns, (reason) =>
    stop.stop(reason),
  )
  // Before the session says that the turn has begun: a turn without a sign of life counts as lost.
  await log.create(live.record)
  let budget: Reservation | undefined
  let held: (HeldLease & { inserted: boolean; message: Message }) | undefined
  try {
    budget = await reserveBudget(live, turnId)
    held = await takeLease(live, { id: turnId, messageId: message.id }, message, request.ifRevision)
    const { seq, lease } = held
    if (!held.inserted) {
      const replies = await findReplies(live, message.id, seq)
      if (replies !== undefined && !mayRunAgain(live, replies)) {
        await releaseLease(live, lease)
        await budget.settle(noUsage)
        await log.discard()
        return storedTurn(held.message, replies)
      }
      if (replies !== undefined) await leaveOut(live, held)
    } else {
      const { role, tokens } = held.message
      service.emit('message.appended', live.record, { messageId: message.id, seq, role, tokens })
      await surroundings.appended(held.message)
    }
    return answerTurn(surroundings, request, { ...held, log, stop, budget })
  } catch (error) {
    if (held !== undefined) await releaseLease(live, held.lease).catch(() => {})
    await budget?.settle(noUsage).catch(() => {})
    await log.discard()
    throw error
  }
}

/** A reply that broke off is tried again while it is the last word of the conversation, and only then. */
function mayRunAgain(live: LiveSession, replies: readonly Message[]): boolean {
  const reply = replies.at(-1)!
  const brokeOff =
    reply.status === 'failed' || (reply.status === 'aborted' && turnOf(reply).reason === 'lost')
  return brokeOff && live.record.lastSeq === reply.seq
}

/** Takes the reply that broke off out of the conversation; in the log it stays. */
async function leaveOut(live: LiveSession, { lease, seq }: HeldLease): Promise<void> {
  await live.update((body) => {
    if (body.turn?.id !== lease.id) return body
    return { ...body, path: [...cutPath(body.path, seq), { from: live.record.lastSeq + 1 }] }
  })
}

/** The user's message as it was stored before. @throws `conflict` when it was another one. */
async function appendAgain(live: LiveSession, message: NamedMessage): Promise<Message> {
  const { limits, countTokens } = live.service
  const encoded = encodeMessage(message, { maxLength: limits.maxMessageLength, countTokens })
  const { messages } = await live.append([encoded])
  return decodeMessage({ ...encoded, seq: messages[0]!.seq, at: messages[0]!.at })
}

async function toMessage<Handle extends TurnHandle>(request: TurnRequest<Handle>): Promise<NamedMessage> {
  const { id, ...message } = request.message
  if (id !== undefined && id.length > maxMessageIdLength) {
    throw new SessionError('invalid', `id is longer than ${maxMessageIdLength} characters`, { path: 'id' })
  }
  const { key } = request
  const named = id ?? (key === undefined ? newId() : `k-${(await digestOf(key)).slice(0, 24)}`)
  return { ...message, role: 'user', content: request.content, id: named }
}

// Of each session of this process, whoever waits last: those that come later wait for them.
const lines = new WeakMap<Service, Map<string, Promise<void>>>()

/** Waits for those that came before, so that messages are answered in the order they came to this process. */
async function standInLine(live: LiveSession): Promise<() => void> {
  const { service, ref } = live
  const line = lines.get(service) ?? new Map<string, Promise<void>>()
  lines.set(service, line)
  const key = localKey(ref.tenantId, ref.id)
  const before = line.get(key)
  let leave = (): void => {}
  const mine = new Promise<void>((resolve) => {
    leave = resolve
  })
  line.set(key, mine)
  if (before !== undefined) {
    await before
    live.forgetRead()
  }
  return () => {
    leave()
    if (line.get(key) === mine) line.delete(key)
  }
}
