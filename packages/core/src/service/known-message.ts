import { decodeMessage, type Message, type MessageInput } from '../domain/message.js'
import type { LiveSession } from './live-session.js'

/** A message with a given id in the log. */
export interface KnownMessage {
  readonly message: Message
  /** The id in the store: for callers, messages of other branches may have the same id. */
  readonly storeId: string
}

const pageSize = 200
// A repeated message stood just after the place that its branch went back to.
const maxPages = 5

/** The messages with an id, for callers, among those after a seq, the oldest first. */
export async function findKnown(live: LiveSession, id: string, after: number): Promise<KnownMessage[]> {
  const found: KnownMessage[] = []
  let from = after
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await live.service.store.messages(live.ref, { after: from, limit: pageSize })
    for (const stored of page.messages) {
      const message = decodeMessage(stored)
      if (message.id === id) found.push({ message, storeId: stored.id })
    }
    if (!page.more) break
    from = page.messages.at(-1)!.seq
  }
  return found
}

/** Whether two messages have the same content, whatever their annotations are. */
export function sameMessage(known: Message, other: Message | MessageInput): boolean {
  return toText(known) === toText(other)
}

function toText({ role, content, name, metadata, status = 'completed' }: Message | MessageInput): string {
  const { annotations: _, ...said } = metadata ?? {}
  return JSON.stringify([role, content, name ?? null, said, status])
}
