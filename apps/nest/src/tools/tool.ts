import type { Identity, JsonObject, Session, SessionCart } from '@sessions/core'
import type { z } from 'zod'
import type { Merchant } from '../merchants.js'

/** The second argument of a tool, after its input. */
export interface ToolContext {
  readonly session: Session
  readonly cart: SessionCart
  /** The merchant: the tenant, or in the marketplace the one in the session's state; undefined while there is none. */
  readonly merchant: Merchant | undefined
  readonly identity: Identity
  /** Aborted when the caller disconnects, or the tool has taken too long. */
  readonly signal: AbortSignal
  /** Names the call when its caller named it, so that a repeat changes nothing. */
  readonly changeId: string | undefined
}

/** A tool that an assistant may call. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly input: z.ZodType
  /** Its result is for the caller alone, and is not stored in the session. */
  readonly isSecret?: boolean
  /** It changes nothing: without a session, none begins. */
  readonly isRead?: boolean
  readonly execute: (input: never, context: ToolContext) => Promise<JsonObject>
}

/** Connects the types of a tool's parts: `execute` gets the input that the schema returns. */
export function tool<Input extends z.ZodType>(
  definition: Omit<Tool, 'input' | 'execute'> & {
    readonly input: Input
    readonly execute: (input: z.output<Input>, context: ToolContext) => Promise<JsonObject>
  },
): Tool {
  return definition
}
