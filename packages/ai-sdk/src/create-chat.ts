import type { Identity } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import { createAdapterApi } from '@sessions/core/node'
import type { UIMessage } from 'ai'
import * as z from 'zod'
import type { ChatOptions } from './chat-options.js'
import { chatRoutes, messagesOf } from './chat-routes.js'
import { checkChat } from './check-chat.js'
import { respondWith } from './respond-with.js'

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
