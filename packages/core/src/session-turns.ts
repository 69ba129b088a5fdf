import type { Session } from './session.js'
import type { RespondOf, ToolContextOf, ToolOf, ToolsOf, TurnContextOf } from './turn/responder.js'
import type { TurnOptionsOf } from './turn/request.js'

/** Asks the model: gives text, or what it says piece by piece. What it throws ends the turn as `failed`. */
export type Respond = RespondOf<Session>
/** What `respond` is given. */
export type TurnContext = TurnContextOf<Session>
export type TurnOptions = TurnOptionsOf<Session>
/** Something a model may call. */
export type Tool = ToolOf<Session>
export type Tools = ToolsOf<Session>
/** What a tool is given beside its input. */
export type ToolContext = ToolContextOf<Session>
