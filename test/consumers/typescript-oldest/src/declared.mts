import { createSessions, type Session, type TurnContext } from '@sessions/core'
import * as z from 'zod'

// A project with `declaration: true`, as those of Nest and all that are composite: TypeScript writes down what it has
// inferred, and has to find a name for it, also where no file imports the door that exports the type.
export const sessions = createSessions()
export const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
export const session = await mine.create()
export const { search, memory, consent, export: exported, import: imported } = mine
export const { privacy, audit, usage, analytics, health } = sessions
export const contextOf = (one: Session) => one.context({ maxTokens: 1000 })
export const { subscribe, watch, remember, compact, extend, rewind, cart, turn } = session
export const withLimits = (options: NonNullable<Parameters<typeof createSessions>[0]>) => ({ ...options })
export const later = (of: TurnContext) => ({ ...of, at: 1 })
// The input of a tool follows from its schema.
export const answer = session.turn('Hi', () => 'Hello', {
  tools: {
    find: { inputSchema: z.object({ maxPrice: z.number() }), execute: ({ maxPrice }) => maxPrice.toFixed(2) },
  },
})
