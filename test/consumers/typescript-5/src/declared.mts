import { createSessions, type Session, type Tools, type TurnContext, type TurnOptions } from '@sessions/core'

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
export const withTools = (options: TurnOptions, tools: Tools) => ({ ...options, tools: { ...tools } })
export const toolOf = (tools: Tools, name: string) => tools[name]
