import { roomOf } from '../service/room.js'
import { digestOf } from '../digest.js'
import { SessionError } from '../errors.js'
import { onPath, pathWithout } from '../domain/path.js'
import type { AppendedMessage } from '../contract/session-store.js'
import type { JsonObject } from '../json.js'
import type { LiveSession } from '../service/live-session.js'
import { type Message, type MessageInput, decodeMessage, encodeParsed, textOf } from '../domain/message.js'
import type { KnownAnswer, RecentTurn, ReplyPlace, SessionBody } from '../domain/session-body.js'
import type { QuestionMessage } from './question.js'
import { tellStoreTime } from '../service/store-time.js'
import { readReplies } from './replies.js'
import { turnInProgress, turnSlack } from './lease.js'
import { noUsage } from './usage.js'

const keptAnswers = 30

/**
 * A digest of a question and of everything that its answer may depend on; undefined for a question that is more than
 * text.
 */
export async function digestOfQuestion(
  body: SessionBody,
  content: MessageInput['content'],
): Promise<string | undefined> {
  if (typeof content !== 'string') return undefined
  const question = content.trim().toLowerCase().replaceAll(/\s+/g, ' ')
  return digestOf(JSON.stringify([question, circumstances(body)]))
}

function circumstances({ state, preferences, cart }: SessionBody): string {
  return JSON.stringify([state, preferences, cart])
}

/** The body, with the answer to a question remembered. */
export function rememberAnswer(body: SessionBody, answer: KnownAnswer): SessionBody {
  const others = (body.answers ?? []).filter(({ digest }) => digest !== answer.digest)
  return { ...body, answers: [...others, answer].slice(-keptAnswers) }
}

/** A question and its earlier answer, appended once more. */
export interface ReusedAnswer {
  readonly message: Message
  readonly replies: readonly Message[]
}

/**
 * Answers a question with an earlier answer of the session, in one commit, if there is one and nothing has changed.
 *
 * @returns The answer; undefined when there is none; `known` when the question was in the log before, elsewhere.
 * @throws `turn_in_progress`; `conflict` when the message's id is used for another message.
 */
export async function reuseAnswer(
  live: LiveSession,
  message: QuestionMessage,
  { digest, ttlMs, turnId }: { digest: string; ttlMs: number; turnId: string },
): Promise<ReusedAnswer | 'known' | undefined> {
  const { body } = await live.load()
  const known = body.answers?.find((answer) => answer.digest === digest)
  if (known === undefined) return undefined
  if ((await tellStoreTime(live.service, live.ref.tenantId)) - known.at > ttlMs) return undefined
  const reply = (await readReplies(live, known))?.at(-1)
  if (reply === undefined || reply.status !== 'completed') return undefined

  const fence = (body.turnCount ?? 0) + 1
  const { annotations: _, ...said } = reply.metadata ?? {}
  const metadata: JsonObject = {
    ...said,
    turn: { id: turnId, usage: noUsage as unknown as JsonObject, reused: true },
  }
  const copy = { role: 'assistant' as const, content: reply.content, id: `${message.id}.r${fence}`, metadata }
  const encoded = [encodeParsed(message, message.tokens), encodeParsed(copy, reply.tokens)]
  const updated = await live.update(
    (before) => {
      if (before.turn !== undefined) throw turnInProgress()
      if (circumstances(before) !== circumstances(body)) {
        throw new SessionError('turn_lost', 'The session changed while an earlier answer was looked up.')
      }
      const { lastSeq } = live.record
      const recent: RecentTurn = {
        id: turnId,
        name: message.id,
        messageId: message.id,
        seq: lastSeq + 1,
        replyId: copy.id,
        after: lastSeq,
      }
      const recentTurns = [...(before.recentTurns ?? []), recent].slice(-8)
      return { ...before, turnCount: Math.max(fence, before.turnCount ?? 0), recentTurns }
    },
    { messages: encoded, ...roomOf(live.service), slack: turnSlack },
  )
  const [question, answer] = updated.appended as [AppendedMessage, AppendedMessage]
  if (question.seq + 1 !== answer.seq || !onPath(updated.body.path, question.seq)) {
    // The question was not stored again, so this answer would stand under another one.
    await live.update((before) => ({
      ...before,
      path: pathWithout(before.path, answer.seq, answer.seq),
      recentTurns: before.recentTurns?.filter(({ id }) => id !== turnId),
    }))
    return 'known'
  }
  const [asked, ...replies] = updated.appended.map((appended, index) => {
    const stored = decodeMessage({ ...encoded[index]!, seq: appended.seq, at: appended.at })
    const { id: messageId, seq, role, tokens } = stored
    if (appended.inserted) live.emit('message.appended', updated.record, { messageId, seq, role, tokens })
    return stored
  })
  live.emit('turn.reused', updated.record, { messageId: message.id })
  return { message: asked!, replies }
}

/** What the session remembers of a new answer. */
export function toKnownAnswer(
  live: LiveSession,
  digest: string,
  { replyId, after }: ReplyPlace,
): KnownAnswer {
  return { digest, replyId, after, at: live.service.storeClock.now() }
}

/** Whether an answer may be reused. */
export function isReusable(replies: readonly { content: MessageInput['content'] }[]): boolean {
  return replies.length === 1 && textOf(replies[0]!).trim() !== ''
}
