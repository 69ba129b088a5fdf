import { readPath } from '../domain/path.js'
import { decodeMessages, type Message } from '../domain/message.js'
import type { ReplyPlace, SessionBody } from '../domain/session-body.js'
import type { LiveSession } from '../service/live-session.js'
import { isReplyTo } from './event.js'

const pageSize = 100
// A reply is a few messages. They follow the place where the turn began, among messages that others appended
// meanwhile.
const maxPages = 20

/** Where the reply of a turn is, or will be; undefined for a turn that is not among the newest. */
export function placeOfReply({ recentTurns }: SessionBody, turnId: string): ReplyPlace | undefined {
  return recentTurns?.find(({ id }) => id === turnId)
}

/** All messages of a reply, the last message of the assistant at the end; undefined when it is not stored. */
export async function readReplies(
  live: LiveSession,
  { replyId, after }: ReplyPlace,
): Promise<Message[] | undefined> {
  const found: Message[] = []
  let from = after
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await live.service.store.messages(live.ref, { after: from, limit: pageSize })
    for (const message of await decodeMessages(page.messages)) {
      const isEnd = message.id === replyId
      if (isEnd || message.id.startsWith(`${replyId}.`)) found.push(message)
      if (isEnd) return found
    }
    if (!page.more) return undefined
    from = page.messages.at(-1)!.seq
  }
  return undefined
}

/** The newest reply to a message on the active branch, for a turn that the session no longer remembers. */
export async function findReplies(
  live: LiveSession,
  { path }: Pick<SessionBody, 'path'>,
  messageId: string,
  seq: number,
): Promise<Message[] | undefined> {
  const { messages } = await readPath(live.service.store, live.ref, path, { after: seq, limit: pageSize })
  const replies = messages.filter((message) => isReplyTo(messageId, message))
  const last = replies.findLast(({ id }) => !id.slice(messageId.length + 2).includes('.'))
  if (last === undefined) return undefined
  return replies.filter(({ id }) => id === last.id || id.startsWith(`${last.id}.`))
}
