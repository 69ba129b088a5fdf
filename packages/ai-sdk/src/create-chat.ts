import { type Identity, type Respond, SessionError, type Tools } from '@sessions/core'
import type { SessionApi, SessionApiOptions } from '@sessions/core/http'
import { createAdapterApi } from '@sessions/core/node'
import type { LanguageModel, ToolSet, UIMessage } from 'ai'
import * as z from 'zod'
import { chatRoutes, messagesOf } from './chat-routes.js'
import { type OfTurn, respondWith, type RespondWithOptions } from './respond-with.js'

type Own = 'respond' | 'tools' | 'clientTools' | 'compat' | 'clientTtl' | 'userRoutes' | 'importRoute'
type Unserved =
  | 'auditRoutes'
  | 'usageRoutes'
  | 'analyticsRoutes'
  | 'clientRoles'
  | 'clientParts'
  | 'exposeToolResults'

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

/** What `useChat` talks to. It mounts as the session HTTP API does. */
export interface Chat extends SessionApi {
  /** The messages that a page begins with; none for a chat that does not exist yet, or is not the caller's. */
  readonly messages: (identity: Identity, chatId: string) => Promise<UIMessage[]>
}

/**
 * Serves `useChat`: `POST /chat`, `GET /chat/{id}` and `/chat/{id}/stream`, and `POST /chat/{id}/stop`, under `basePath`
 * (default `/api`). Of what a page sends only its new message counts. An answer goes on when a page disconnects, and any
 * process streams it from its beginning.
 *
 * @throws `invalid` with the path of a wrong option.
 */
export function createChat<Inputs>(options: ChatOptions<Inputs>): Chat {
  checkChat(options)
  const {
    model,
    system,
    context,
    tools,
    settings,
    messageMetadata,
    respond,
    turnTools,
    clientTools,
    ...api
  } = options
  const made =
    model === undefined
      ? undefined
      : respondWith(model, { ...settings, system, context, tools, messageMetadata })
  const ofPage = Object.entries(typeof tools === 'function' ? {} : (tools ?? {})).flatMap(
    ([name, { execute }]) => (execute === undefined ? [name] : []),
  )
  const answer = respond ?? made
  const routed = createAdapterApi(
    {
      basePath: '/api',
      // A page sends its whole history, which is not read, and files.
      maxBodyBytes: 4 * 1024 * 1024,
      maxBodyDepth: 64,
      maxBodyItems: 200_000,
      ...api,
      turns: { policy: 'interrupt', ...api.turns },
      ...(turnTools === undefined ? {} : { tools: turnTools }),
      ...(answer === undefined ? {} : { respond: answer }),
      clientTools: clientTools ?? ofPage,
    },
    ['chat'],
    chatRoutes,
    z.looseObject({}),
  )
  return {
    ...routed,
    async messages(identity, chatId) {
      const session = await options.sessions.for(identity).find(chatId)
      return session === undefined ? [] : messagesOf(session)
    },
  }
}

function checkChat(options: Partial<ChatOptions> | null | undefined): void {
  if (typeof options !== 'object' || options === null) throw wrong('options', 'must be an object')
  if (options.model === undefined && options.respond === undefined)
    throw wrong('model', 'is missing: nothing would answer; pass it, or respond')
  const { tools = {} } = options
  if (typeof tools === 'function') return
  if (typeof tools !== 'object' || tools === null || Array.isArray(tools))
    throw wrong('tools', 'must be an object')
  for (const [name, tool] of Object.entries(tools as Record<string, unknown>))
    if (typeof tool !== 'object' || tool === null) throw wrong(`tools.${name}`, 'is no tool')
}

function wrong(path: string, what: string): SessionError {
  return new SessionError('invalid', `${path} ${what}`, { path })
}
