import { isSessionError } from '../errors.js'
import { decodeMessage, encodeParsed, type Message } from '../domain/message.js'
import { onPath } from '../domain/path.js'
import type { LiveSession } from './live-session.js'
import { roomOf } from './room.js'

// Bounds the tries when one message was said on many branches.
const maxCopies = 1000

/**
 * An append does not store messages that are known. When such messages are not on the active branch, this puts them on
 * it: at its end, in their order. A message that other messages follow stays where it is, and the branch shows a copy
 * of it, which has the same id for callers.
 *
 * @returns The messages after the change; none when all of them were on the branch.
 */
export async function putAgain(live: LiveSession, messages: readonly Message[]): Promise<Message[]> {
  const { body } = await live.load()
  if (messages.every(({ seq }) => onPath(body.path, seq))) return []
  const before = live.record.lastSeq
  const open = body.path.at(-1)!
  const ascends = messages.every(({ seq }, index) => index === 0 || seq > messages[index - 1]!.seq)
  const end = body.path.at(-2)?.to ?? 0
  if (open.from > before && ascends && messages[0]!.seq > end) {
    let placed = false
    await live.update((now) => {
      // Another caller appended, or changed the branch, meanwhile: then the messages come after the new ones.
      placed = JSON.stringify(now.path) === JSON.stringify(body.path) && live.record.lastSeq < open.from
      if (!placed) return now
      const again = messages.map(({ seq }) => ({ from: seq, to: seq }))
      return { ...now, path: [...now.path.slice(0, -1), ...again, open] }
    })
    if (placed) return [...messages]
    return putAgain(live, messages)
  }
  const placed: Message[] = []
  for (const message of messages) placed.push(await copied(live, message))
  return placed
}

/** A copy at the end of the branch, or what the branch shows of this message already. */
async function copied(live: LiveSession, message: Message): Promise<Message> {
  const { seq: _, at: __, tokens, status, ...said } = message
  const input = { ...said, ...(status === 'corrupt' ? {} : { status }) }
  const known = [message]
  for (let others = 1; ; others++) {
    const encoded = encodeParsed(input, tokens, others)
    let shown: Message | undefined
    try {
      // Another caller may change the branch meanwhile: the copy is stored only on the branch that lacks the message.
      const { appended } = await live.update(
        (body) => {
          shown = known.find(({ seq }) => onPath(body.path, seq))
          if (shown !== undefined) throw new IsShown()
          return body
        },
        { messages: [encoded], ...roomOf(live.service) },
      )
      const { seq, at, inserted } = appended[0]!
      const copy = decodeMessage({ ...encoded, seq, at })
      if (inserted) return copy
      known.push(copy)
    } catch (error) {
      if (error instanceof IsShown) return shown!
      const isTaken = isSessionError(error, 'conflict') && error.messageId === encoded.id
      if (!isTaken || others >= maxCopies) throw error
    }
  }
}

/** Ends a change that is not needed any more. */
class IsShown extends Error {}
