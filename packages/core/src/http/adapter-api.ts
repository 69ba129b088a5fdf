import type { z } from 'zod/mini'
import type { Identity } from '../domain/identity.js'
import { checkLength, encodeParsed, type MessageInput, parseMessage } from '../domain/message.js'
import { isSessionError } from '../errors.js'
import type { JsonObject } from '../json.js'
import type { Session } from '../session.js'
import { liveSessionOf } from '../session/live-of.js'
import type { TurnEvent } from '../turn/event.js'
import { apiOf, type SessionApi } from './api.js'
import { type ApiConfig, type SessionApiOptions, toApiConfig } from './api-options.js'
import { begunTurn } from './begun-turn.js'
import { checkApiOptions } from './check-api-options.js'
import { checkMessage } from './client-messages.js'
import { toOpenApi } from './openapi.js'
import type { Call, Route } from './route.js'
import type { ServerSentData } from './sse.js'
import { streamToCaller, whileReadable } from './stream-to-caller.js'

/** A request for a route of an adapter, after all checks that do not depend on the route. */
export interface AdapterCall {
  /** The variable segments of the path. */
  readonly params: Readonly<Record<string, string>>
  /** What the route's schema has made of the body. */
  readonly body: unknown
  /** Who is asking. */
  readonly identity: Identity
  /** Headers of the answer. */
  readonly headers: Headers
  /** The tools that clients run themselves, by name. */
  readonly clientTools: readonly string[]
  /** The session of the path, if the caller may touch it. @throws `not_found` */
  session(): Promise<Session>
  /** The caller's session of this id. With `make` it is made when there is none. @throws `not_found` */
  open(id: string, make: boolean): Promise<Session>
  /** A client's message, after a check that it may be sent and can be stored. @param parts Further types of parts that it may have. */
  check(message: MessageInput, parts: readonly string[]): MessageInput
  /**
   * Begins a turn as the options of the API say. Gives its events once the message is stored.
   *
   * @param input Undefined to answer the newest message, or to continue after it.
   */
  turn(session: Session, input: MessageInput | undefined, from?: number): Promise<AsyncIterable<TurnEvent>>
  /** Streams what `open` gives. When that rejects, the error is the answer. */
  stream(session: Session, open: () => Promise<AsyncIterable<ServerSentData>>): Promise<Response>
}

/** A route of an adapter. */
export interface AdapterRoute {
  /** Of HTTP. */
  readonly method: 'GET' | 'POST'
  /** With `{name}` for variable segments. */
  readonly path: string
  /** Its name in the API description. */
  readonly operation: string
  /** A sentence for the API description. */
  readonly summary: string
  /** Whether it answers with server-sent events. */
  readonly streams?: boolean
  /** A request without a body counts as `{}`. */
  readonly bodyOptional?: boolean
  /** The shape of the body (default: the route takes none). */
  readonly body?: z.core.$ZodType
  /** Answers; what it throws becomes a problem. */
  readonly handle: (call: AdapterCall) => Promise<{ readonly body: object } | Response>
}

/**
 * Makes an API of an adapter's routes, with all that the session HTTP API does around its own: identity, credentials,
 * origins, limits, problems.
 *
 * @param roots The first segments of the paths of its routes.
 * @param response The shape of every answer, for the API description.
 * @throws `invalid` with the path of a wrong option.
 */
export function createAdapterApi(
  options: SessionApiOptions,
  roots: readonly string[],
  routes: readonly AdapterRoute[],
  response: z.core.$ZodType,
): SessionApi {
  checkApiOptions(options)
  const api = toApiConfig(options)
  const described = routes.map((route): Route => ({
    ...route,
    response,
    ownIdempotency: true,
    handle: (call) => route.handle(toAdapterCall(api, call)),
  }))
  return apiOf(api, { described, roots, more: [], describe: () => toOpenApi(described, api) })
}

function toAdapterCall(api: ApiConfig, call: Call): AdapterCall {
  const { params, body, identity, headers, session, caller, mine } = call
  return {
    params,
    body,
    identity,
    headers,
    session,
    clientTools: api.clientTools,
    async open(id, make) {
      try {
        return await caller.getById(id)
      } catch (error) {
        if (!make || !isSessionError(error, 'not_found')) throw error
      }
      const isAnonymous = identity.userId === undefined
      // Check before the session is stored: without its credential no caller could open it.
      if (isAnonymous) caller.checkCarrying()
      const { refuseSpent } = await import('../later/turns.js')
      await refuseSpent(liveSessionOf(mine.draft(), 'session'))
      const made = await mine.open(id)
      if (isAnonymous) await caller.carry(made)
      return made
    },
    check(message, parts) {
      const said = checkMessage({ ...api, clientParts: [...api.clientParts, ...parts] }, ['user'], message)
      const parsed = parseMessage(said)
      checkLength(
        encodeParsed({ ...parsed, id: parsed.id ?? '' }, 0),
        api.service.limits.maxMessageLength,
        'message',
      )
      return said
    },
    async turn(session, input, from) {
      const said = body as JsonObject
      const fields = api.clientOptions
        .filter((name) => name in said)
        .map((name) => [name, said[name]!] as const)
      const turn = session.turn(input as never, api.respond!, {
        ...api.turns,
        tools: api.tools,
        options: Object.fromEntries(fields),
        from,
      })
      await begunTurn(call, session, turn)
      return whileReadable(session, turn)
    },
    stream: (session, open) => streamToCaller(call, session, open),
  }
}
