import { maxPageBytes } from '../page-bytes.js'
import type { MessagePage, MessageQuery } from '../session-store.js'
import { openedBytes } from './payload-bytes.js'

const maxAsked = 1000

/** A page of messages whose payloads are sealed. */
export interface SealedPage extends MessagePage {
  /** Whether it is made of several pages of the store, which were read at different moments. */
  readonly isJoined: boolean
}

/**
 * Fills a page: sealed payloads take more than twice their bytes, so a page of the store may hold half of what fits a
 * page.
 *
 * @param first What the store gave for the query.
 * @param ask Asks the store for what follows.
 */
export async function fillPage(
  first: MessagePage,
  query: MessageQuery,
  ask: (query: MessageQuery) => Promise<MessagePage>,
): Promise<SealedPage> {
  const messages = [...first.messages]
  let { more } = first
  let bytes = messages.reduce((sum, { payload }) => sum + openedBytes(payload), 0)
  let isJoined = false
  while (more && messages.length < query.limit && bytes <= maxPageBytes) {
    const { seq } = messages.at(-1)!
    const rest = query.order === 'desc' ? { before: seq } : { after: seq }
    const limit = Math.min(query.limit - messages.length, maxAsked)
    const page = await ask({ ...query, ...rest, limit })
    isJoined = true
    messages.push(...page.messages)
    for (const { payload } of page.messages) bytes += openedBytes(payload)
    // The log was trimmed meanwhile, when a store has nothing of the more that it spoke of.
    more = page.more && page.messages.length > 0
  }
  while (bytes > maxPageBytes && messages.length > 1) {
    bytes -= openedBytes(messages.pop()!.payload)
    more = true
  }
  return { messages, more, isJoined }
}
