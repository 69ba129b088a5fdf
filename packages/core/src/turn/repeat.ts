import type { LiveSession } from '../service/live-session.js'
import type { Message } from '../domain/message.js'
import type { TurnLease } from '../domain/session-body.js'
import { isSessionError, SessionError } from '../errors.js'
import { endOf, followTurn, stopTurn } from './follow.js'
import { placeOfReply, readReplies } from './replies.js'
import { toTurnResult, type TurnEvent, turnOf } from './event.js'
import type { TurnPart } from './part.js'
import { partsOf } from './said-parts.js'
import type { OngoingTurn } from './request.js'

/** Follows a turn that answers the same message already, here or in another process. */
export function followedTurn(live: LiveSession, message: Message, lease: TurnLease): OngoingTurn {
  const { id: messageId, seq } = message
  const started = { type: 'started' as const, turnId: lease.id, messageId, seq, replyId: lease.replyId }
  const stored = async () => {
    const { body } = await live.load()
    return readReplies(live, placeOfReply(body, lease.id) ?? lease)
  }
  // The process with the lease may have found that the message was answered before. Then it has given the lease back
  // and removed the turn's record.
  const orStored = async (error: unknown) => {
    const replies = isSessionError(error, 'not_found') ? await stored() : undefined
    if (replies === undefined) throw error
    return replies
  }
  const wait = async () => {
    for await (const _ of followTurn(live, lease.id, 0, started)) continue
    return stored()
  }
  const finish = async () => {
    // The events say when the turn ends; the log has its replies.
    const replies = await wait().catch(orStored)
    const result = replies === undefined ? undefined : toTurnResult(message, replies, true)
    if (result !== undefined && result.reason !== 'lost') return result
    // The message is not lost: when it is sent again, it is answered again.
    throw new SessionError('turn_lost', 'The process that ran the turn has ended. Send the message again.', {
      retryAfterMs: 1,
    })
  }
  const result = finish()
  result.catch(() => {})
  return {
    started,
    isRepeat: true,
    result,
    async *events(after) {
      try {
        yield* followTurn(live, lease.id, after, started)
      } catch (error) {
        yield* storedTurn(message, await orStored(error)).events(after)
      }
    },
    stop: (reason) => stopTurn(live, lease, reason),
  }
}

/** The turn of a message that was answered before. */
export function storedTurn(message: Message, replies: readonly Message[], replayed = true): OngoingTurn {
  const result = toTurnResult(message, replies, replayed)
  const { id: messageId, seq } = message
  const replyId = result.reply.id
  const started = { type: 'started' as const, turnId: result.turnId, messageId, seq, replyId }
  const said = [
    ...partsOf(replies),
    { type: 'usage', ...result.usage } as TurnPart,
    ...finishOf(result.reply),
  ]
  const events = [started, ...said, endOf(replies)].map((event, index): TurnEvent => ({
    n: index + 1,
    ...event,
  }))
  return {
    started,
    isRepeat: true,
    result: Promise.resolve(result),
    async *events(after) {
      yield* events.slice(after)
    },
    stop: async () => {},
  }
}

function finishOf(reply: Message): readonly TurnPart[] {
  const { finishReason } = turnOf(reply)
  return finishReason === undefined ? [] : [{ type: 'finish', finishReason }]
}
