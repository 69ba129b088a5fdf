import type { Identity, JsonObject, Session, SessionCart } from '@sessions/core'
import type { z } from 'zod'
import type { Merchant } from '../merchants.js'

/** What a tool is given beside its input. */
export interface ToolContext {
  readonly session: Session
  readonly cart: SessionCart
  /** Who sells: the tenant, or in the marketplace the one the session is at; undefined while it is at none. */
  readonly merchant: Merchant | undefined
  readonly identity: Identity
  /** Aborted when the caller hangs up, or the tool has taken too long. */
  readonly signal: AbortSignal
  /** Names the call when its caller named it, so that a repeat changes nothing. */
  readonly changeId: string | undefined
}

/** Something an assistant may call. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly input: z.ZodType
  /** What it gives back is for its caller's eyes alone, and is not kept in the session. */
  readonly isSecret?: boolean
  /** It changes nothing: where there is no session yet, none begins. */
  readonly isRead?: boolean
  readonly execute: (input: never, context: ToolContext) => Promise<JsonObject>
}

/** Ties the types of a tool's parts together; what `execute` gets is what the schema made of the input. */
export function tool<Input extends z.ZodType>(
  definition: Omit<Tool, 'input' | 'execute'> & {
    readonly input: Input
    readonly execute: (input: z.output<Input>, context: ToolContext) => Promise<JsonObject>
  },
): Tool {
  return definition
}
