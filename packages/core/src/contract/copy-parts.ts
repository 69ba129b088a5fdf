import { countFitting } from './page-bytes.js'
import type { SessionCopy } from './session-store.js'

// A store can put aside so many messages at once while other calls wait for it.
const maxMessages = 500

/** For a store's `restore`: a copy in parts of at most 500 messages that fit a page, in order. */
export function* copyParts(copy: SessionCopy): Generator<SessionCopy> {
  let rest = copy.messages
  do {
    const first = rest.slice(0, maxMessages)
    const messages = first.slice(0, countFitting(first))
    rest = rest.slice(messages.length)
    yield { ...copy, messages, more: copy.more === true || rest.length > 0 }
  } while (rest.length > 0)
}
