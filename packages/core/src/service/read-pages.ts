import type { SessionStore } from '../contract/session-store.js'
import type { SessionRef } from '../contract/session-record.js'
import { decodeMessages, type Message } from '../domain/message.js'
import type { ClosedRange } from '../domain/path-ranges.js'

// A page of this much text arrives within a store's timeout, and is parsed within a few milliseconds.
const pageLength = 400_000
const mostMessages = 1000
const fewestMessages = 8

/** Reads messages page by page. It chooses the number of messages in a page by the length of those it has read. */
export class PageReader {
  readonly #store: SessionStore
  readonly #ref: SessionRef
  #length = 0
  #messages = 0

  constructor(store: SessionStore, ref: SessionRef) {
    this.#store = store
    this.#ref = ref
  }

  /** The messages of some ranges, oldest first, a page at a time. */
  async *pages(ranges: readonly ClosedRange[]): AsyncGenerator<readonly Message[], void> {
    for (const { from, to } of ranges) {
      let next = from
      while (next <= to) {
        const page = await this.page({ from: next, to }, 'asc')
        if (page.length === 0) break
        next = page.at(-1)!.seq + 1
        yield page
      }
    }
  }

  /** One page from an end of a range: at most `wanted` messages, and at least one unless the range is empty. */
  async page(
    { from, to }: ClosedRange,
    order: 'asc' | 'desc',
    wanted = mostMessages,
  ): Promise<readonly Message[]> {
    const limit = Math.min(to - from + 1, this.#fitting(), Math.max(1, Math.ceil(wanted)))
    const { messages } = await this.#store.messages(this.#ref, {
      after: from - 1,
      before: to + 1,
      limit,
      order,
    })
    this.#messages += messages.length
    for (const { payload } of messages) this.#length += payload.length
    return decodeMessages(messages)
  }

  /** How many messages a page may hold, by the length of the messages so far. */
  #fitting(): number {
    if (this.#messages === 0) return 64
    const mean = this.#length / this.#messages
    return Math.max(fewestMessages, Math.min(mostMessages, Math.floor(pageLength / Math.max(1, mean))))
  }
}
