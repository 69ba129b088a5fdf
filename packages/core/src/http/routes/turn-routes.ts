import type { z } from 'zod/mini'
import { SessionError, isSessionError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import type { MessagePart } from '../../domain/part.js'
import type { Session } from '../../session.js'
import { justRead } from '../../session/live-of.js'
import type { TurnEvent } from '../../turn/event.js'
import type { Turn } from '../../turn/turn.js'
import { accepts } from '../accepts.js'
import { begunTurn } from '../begun-turn.js'
import { checkFields, compatId } from '../client-fields.js'
import { checkMessage } from '../client-messages.js'
import { askedModel, seedEvents } from '../compat/events.js'
import * as compat from '../compat/schemas.js'
import { seedView } from '../compat/session.js'
import { FailedTurn } from '../failed-turn.js'
import { RequestError } from '../problem.js'
import { toToolParts } from '../tool-message.js'
import { type Call, type Route, type RouteResponse, route } from '../route.js'
import { eventStream } from '../sse.js'
import { counted, whileReadable } from '../stream-to-caller.js'
import { turnStream } from '../turn-stream.js'
import { sessionAfter, sessionView, turnView } from '../views.js'
import type { MessageInput } from '../../domain/message.js'
import * as schemas from '../schemas.js'

export const turnRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/sessions/{id}/message',
    operation: 'sendMessage',
    summary: 'Has a message answered: the whole reply, or its events as they come',
    query: schemas.messageQuery,
    compatQuery: compat.messageQuery,
    body: schemas.messageBody,
    argument: 'message',
    bodyOptional: true,
    response: schemas.turnReply,
    compatResponse: compat.turnReply,
    streams: true,
    // The user's message is stored once, and its reply is found by the message.
    ownIdempotency: true,
    async handle(call) {
      const resumed = resumeAt(call.request)
      if (resumed !== undefined) {
        const session = await call.session()
        const { turnId, after } = resumed
        const events = session.watchTurn(turnId, after)
        return counted(call, session, (onEnd) => stream(call, { session, turnId, events, onEnd }))
      }
      const {
        content,
        id,
        name,
        metadata,
        role,
        from,
        continue: goesOn,
        stream: inBody,
        ...others
      } = call.body
      if (content === undefined && from === undefined && goesOn === undefined) {
        throw new SessionError('invalid', 'content: the message is missing', { path: 'content' })
      }
      if (content !== undefined && goesOn !== undefined) {
        throw new SessionError('invalid', 'continue: the request has a message, too', { path: 'continue' })
      }
      const { options } = checkFields(call.api, call.identity, others)
      checkRole(role)
      const spoken = role === 'tool' ? undefined : contentOf(call, content, name)
      // A request that cannot begin a conversation makes no session: its refusal would leave an empty one.
      const session = await sessionOf(call, spoken !== undefined && from === undefined)
      const answers = role === 'tool' ? await toToolParts(call, session, content) : undefined
      const said = answers?.parts ?? spoken
      const named = id ?? (call.key === undefined ? answers?.id : undefined)
      const input = {
        content: said as string | MessagePart[],
        ...(named === undefined ? {} : { id: named }),
        ...(name === undefined ? {} : { name }),
        ...(metadata === undefined ? {} : { metadata: metadata as JsonObject }),
        ...(role === 'tool' ? { role: 'tool' as const } : {}),
      }
      const begin = async (): Promise<{ turn: Turn; turnId: string }> => {
        const turn = session.turn(said === undefined ? undefined : input, call.api.respond!, {
          ...call.api.turns,
          tools: call.api.tools,
          options,
          key: call.key,
          from,
          ifRevision: call.change.ifRevision,
        })
        // Wait for a refusal before the first byte, so that the status can be an error.
        const { turnId } = await begunTurn(call, session, turn).catch((error: unknown) => {
          if (said !== undefined || !isSessionError(error, 'invalid')) throw error
          throw new SessionError('invalid', error.message, { path: from === undefined ? 'continue' : 'from' })
        })
        if (await turn.isRepeat()) call.headers.set('Idempotency-Replayed', 'true')
        return { turn, turnId }
      }
      const wantsStream = inBody ?? call.query.stream ?? accepts(call.request, 'text/event-stream')
      if (!wantsStream) {
        const { turn } = await begin()
        hangUp(call, turn)
        return whole(call, session, turn)
      }
      return counted(call, session, async (onEnd) => {
        const { turn, turnId } = await begin()
        // The handle has just written that the turn has begun, so it knows the session.
        const events = whileReadable(session, turn)
        return stream(call, { session, turnId, events, turn, onEnd })
      })
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/turns/{turnId}',
    operation: 'watchTurn',
    summary:
      'The events of a turn as they come, from the beginning or after Last-Event-ID; `current` is the one that is going on',
    query: schemas.watchQuery,
    response: schemas.problem,
    streams: true,
    async handle(call) {
      const session = await call.session()
      const wanted = call.params['turnId']!
      const turnId = wanted === 'current' ? await session.currentTurn() : wanted
      if (turnId === undefined) {
        throw new SessionError('not_found', 'No turn is running.', { path: 'turnId' })
      }
      const resumed = resumeAt(call.request)
      const after = resumed?.turnId === turnId ? resumed.after : (call.query.after ?? 0)
      const events = justRead(session).watchTurn(turnId, after)
      return counted(call, session, (onEnd) => stream(call, { session, turnId, events, onEnd }))
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/cancel',
    operation: 'cancelTurn',
    summary: 'Stops the turn that is going on; what was said so far is kept',
    response: schemas.cancelReply,
    async handle({ session: find }) {
      const session = await find()
      const turnId = await session.cancel()
      return {
        body: {
          cancelled: turnId !== undefined,
          sessionId: session.id,
          ...(turnId === undefined ? {} : { turnId }),
        },
      }
    },
  }),
]

type TurnCall = Pick<
  Call,
  'api' | 'headers' | 'request' | 'mine' | 'params' | 'session' | 'identity' | 'body'
>

/** The session of the path. With compat, a message to a session that does not exist creates it. */
async function sessionOf(
  { api, mine, params, session, identity }: TurnCall,
  begins: boolean,
): Promise<Session> {
  try {
    return await session()
  } catch (error) {
    const makes =
      begins && api.isCompat && identity.userId !== undefined && isSessionError(error, 'not_found')
    if (!makes) throw error
    return justRead(await mine.open(compatId(params['id'])))
  }
}

interface Streamed {
  readonly session: Session
  readonly turnId: string
  readonly events: AsyncIterable<TurnEvent>
  /** The turn itself, if this request has begun it. */
  readonly turn?: Turn
  readonly onEnd: () => void
}

async function stream(call: TurnCall, { session, turnId, events, turn, onEnd }: Streamed): Promise<Response> {
  const { api, headers, request, body } = call
  // An unknown turn must be a 404, so the first event is awaited before the status is sent.
  const iterator = events[Symbol.asyncIterator]()
  const first = await iterator.next()
  const rest: AsyncIterable<TurnEvent> = {
    async *[Symbol.asyncIterator]() {
      if (first.done === true) return
      yield first.value
      yield* { [Symbol.asyncIterator]: () => iterator }
    },
  }
  // The turn of this request has left the session that it wrote in the handle.
  const isOwn = turn !== undefined && !(await turn.isRepeat())
  const sessionNow = async (): Promise<object> => {
    if (!isOwn) await session.read()
    return api.isCompat ? seedView({ api }, session) : sessionView(session.record)
  }
  const shown = turnStream(rest, { turnId, sessionId: session.id, sessionNow }, api, request)
  return eventStream(api.isCompat ? seedEvents(shown, body) : shown, {
    headers,
    heartbeatMs: api.streamHeartbeatMs,
    onEnd: () => {
      onEnd()
      // Of an answer to `HEAD` nothing is read, and what has not begun ends nothing that it would have read from.
      void iterator.return?.()
    },
    ...(turn === undefined || !api.cancelOnDisconnect ? {} : { onHangUp: () => cancelFor(call, turn) }),
  })
}

async function whole(
  { api, body, query }: TurnCall & Pick<Call, 'query'>,
  session: Session,
  turn: Turn,
): Promise<RouteResponse> {
  const result = await turn.result
  if (result.status === 'failed') {
    throw new FailedTurn(turnView(result, api).turn, result.error)
  }
  const view = turnView(result, api)
  if (!api.isCompat) return { body: { ...view, session: sessionAfter(session.record, result.reply) } }
  const response = { ...askedModel(body), ...view.response }
  return {
    body: {
      ...view,
      response,
      session: await seedView({ api }, session, query['include'] as readonly string[] | undefined),
    },
  }
}

/** The message of a user, after a check that the client may send it. */
function contentOf(
  { api }: TurnCall,
  content: z.infer<typeof schemas.messageBody>['content'],
  name: string | undefined,
): MessageInput['content'] | undefined {
  if (content === undefined) return undefined
  const named = name === undefined ? {} : { name }
  return checkMessage(api, ['user'], { role: 'user', content, ...named }).content
}

/** @throws `unprocessable` for a role that cannot begin a turn. */
function checkRole(role: string | undefined): void {
  if (role === undefined || role === 'user' || role === 'tool') return
  throw new RequestError('unprocessable', 'role: a message to answer must have the role user or tool.', {
    path: 'role',
  })
}

/** Cancels the turn of a client that disconnects, with `cancelOnDisconnect`. */
function hangUp(call: TurnCall, turn: Turn): void {
  const { api, request } = call
  if (!api.cancelOnDisconnect) return
  const cancel = (): void => cancelFor(call, turn)
  if (request.signal.aborted) cancel()
  else request.signal.addEventListener('abort', cancel, { once: true })
}

/** Nobody is left to be told when it fails, as it may for a turn of another process: that turn goes on. */
function cancelFor({ api, request }: TurnCall, turn: Turn): void {
  turn.cancel().catch((error: unknown) => {
    if (!isSessionError(error)) api.onError(error, request)
  })
}

/** Where a reconnecting client wants to continue: `<turnId>.<n>`. */
function resumeAt(request: Request): { turnId: string; after: number } | undefined {
  const match = /^([A-Za-z0-9_-]{1,64})\.(\d{1,9})$/.exec(request.headers.get('last-event-id') ?? '')
  return match === null ? undefined : { turnId: match[1]!, after: Number(match[2]) }
}
