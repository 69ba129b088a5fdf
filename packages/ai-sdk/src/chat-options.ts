import type { Respond, Tools } from '@sessions/core'
import type { SessionApiOptions } from '@sessions/core/http'
import type { LanguageModel, ToolSet } from 'ai'
import type { OfTurn, RespondWithOptions } from './respond-with-options.js'

type Own = 'respond' | 'tools' | 'clientTools' | 'compat' | 'clientTtl' | 'userRoutes' | 'importRoute'
type Unserved =
  | 'auditRoutes'
  | 'usageRoutes'
  | 'analyticsRoutes'
  | 'clientRoles'
  | 'searchRoutes'
  | 'clientParts'
  | 'exposeToolResults'
  | 'audienceOf'
  | 'maxCopiedBytes'
  | 'idempotencyMs'
  | 'cancelOnDisconnect'

/** Options of `createChat`: its own, and those of `createSessionApi` that concern every API. */
export interface ChatOptions<Inputs = Readonly<Record<string, unknown>>>
  extends
    Omit<SessionApiOptions, Own | Unserved>,
    Pick<RespondWithOptions, 'system' | 'context' | 'messageMetadata'> {
  /** The model, or what chooses it for a turn (default: none; then `respond` is needed). */
  model?: OfTurn<LanguageModel> | undefined
  /** The tools of the model (default: none). One without `execute` is run by the page: `addToolOutput`. */
  tools?: OfTurn<ToolSet> | undefined
  /** Further options of `streamText` (default: those of `respondWith`). */
  settings?: Omit<RespondWithOptions, 'system' | 'context' | 'messageMetadata' | 'tools'> | undefined
  /** Answers in place of `model`; may yield data parts, and end with `yield* respondWith(model)(turn)` (default: `model` answers). */
  respond?: Respond | undefined
  /** Tools that the turn runs, with the session at hand (default: none). */
  turnTools?: Tools<Inputs> | Readonly<Record<string, never>> | undefined
  /** Tools that the page runs, if `tools` is made for each turn (default: those of `tools` without `execute`). */
  clientTools?: readonly string[] | undefined
}
