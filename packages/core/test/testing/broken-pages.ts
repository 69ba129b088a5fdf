import { checkMessageQuery } from '../../src/contract/check-arguments.js'
import { memoryStore } from '../../src/contract/memory/memory-store.js'
import { countFitting, maxPageBytes } from '../../src/contract/page-bytes.js'
import type { SessionRef } from '../../src/contract/session-record.js'
import type {
  MessageQuery,
  SessionStore,
  StoredMessage,
  StoredSession,
} from '../../src/contract/session-store.js'

// Stores whose pages of messages are wrong, each in one way.

/** Bounds pages by count alone, whatever they take. */
export function pagesWithoutBound(): SessionStore {
  return pagesOf(memoryStore(), (messages) => messages.length)
}

/** Takes characters for bytes. */
export function pagesByCharacters(): SessionStore {
  return pagesOf(memoryStore(), (messages) => {
    let length = 0
    const end = messages.findIndex(
      ({ payload }, index) => (length += payload.length) > maxPageBytes && index > 0,
    )
    return end < 0 ? messages.length : end
  })
}

/** Gives nothing rather than a message that is too large. */
export function hugeMessagesLeftOut(): SessionStore {
  return pagesOf(memoryStore(), (messages) =>
    messages[0] !== undefined && messages[0].payload.length > maxPageBytes ? 0 : countFitting(messages),
  )
}

/** The session and its newest messages, however many pages they take. */
export async function readWhole(
  store: SessionStore,
  ref: SessionRef,
  tail: number,
): Promise<StoredSession | undefined> {
  const stored = await store.read(ref, { tail })
  if (stored === undefined) return undefined
  const messages = [...stored.messages]
  while (messages[0] !== undefined && messages.length < tail) {
    const before = messages[0].seq
    const page = await store.messages(ref, {
      before,
      limit: Math.min(1000, tail - messages.length),
      order: 'desc',
    })
    if (page.messages.length === 0) break
    messages.unshift(...page.messages.toReversed())
  }
  return { ...stored, messages }
}

/** Pages that hold as many of the messages that were asked for as `fitting` says. */
function pagesOf(store: SessionStore, fitting: (messages: readonly StoredMessage[]) => number): SessionStore {
  async function page(ref: SessionRef, query: MessageQuery) {
    checkMessageQuery(query)
    const all: StoredMessage[] = []
    const order = query.order ?? 'asc'
    for (let more = true; more && all.length < query.limit;) {
      const seq = all.at(-1)?.seq
      const range = seq === undefined ? {} : order === 'asc' ? { after: seq } : { before: seq }
      const next = await store.messages(ref, { ...query, ...range, limit: query.limit - all.length })
      all.push(...next.messages)
      more = next.more
      if (!more || all.length === query.limit) {
        const count = fitting(all)
        return { messages: all.slice(0, count), more: more || count < all.length }
      }
    }
    return { messages: all, more: false }
  }
  return {
    ...store,
    messages: page,
    async read(ref, { tail = 0 } = {}) {
      const stored = await readWhole(store, ref, tail)
      if (stored === undefined) return undefined
      const newest = stored.messages.toReversed()
      return { ...stored, messages: newest.slice(0, fitting(newest)).reverse() }
    },
  }
}

/** Takes a page that holds fewer messages than were asked for to be the last one. */
export function shortPagesSayNoMore(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async messages(ref, query) {
      const { messages, more } = await store.messages(ref, query)
      return { messages, more: more && messages.length === query.limit }
    },
  }
}
