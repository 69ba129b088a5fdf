import { createSessions, type Message } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'

// As the page of an application has it: without the types of Node.
export const sessions = createSessions()
export const textsOf = (messages: readonly Message[]): string[] =>
  messages.map(({ content }) => String(content))
export const open = (store: SessionStore) => createSessions({ store })
