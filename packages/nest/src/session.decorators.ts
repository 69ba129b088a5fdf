import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  SetMetadata,
  type Type,
  UseGuards,
} from '@nestjs/common'
import { SessionError } from '@sessions/core'
import type { RequestSession as RequestSessionOfCore } from '@sessions/core/node'
import { SessionPipe, SessionQuestion } from './session.pipe.js'
import { type SessionDemand, sessionDemand, SessionsGuard } from './sessions.guard.js'

/** Which service a decorator asks. */
export interface SessionDecoratorOptions {
  /** The name of `forFeature` (default: the service of `forRoot`). */
  service?: string
}

/** Which session of which service a handler is given. */
export interface CurrentSessionOptions extends SessionDecoratorOptions {
  /** The parameter of the route that holds a public id: that session, if the caller may touch it (default: none). */
  param?: string
}

type Pipe = Type<PipeTransform> | PipeTransform
type Ask = (session: RequestSessionOfCore, request: unknown) => unknown

const question = createParamDecorator(
  ({ service, ask }: { service: string | undefined; ask: Ask }, context: ExecutionContext) =>
    new SessionQuestion(context, service, ask),
)

/**
 * The session of the request. Without one a draft, which is stored with its first write; that is when the caller is
 * given its credential, so merely looking leaves no trace. Pipes get the session.
 *
 * Touch a draft before the first byte of the response: after it its first write rejects with `headers_sent`.
 */
export function CurrentSession(options: CurrentSessionOptions = {}, ...pipes: Pipe[]): ParameterDecorator {
  const { service, param } = options
  const ask: Ask = (session, request) =>
    param === undefined ? session.get() : session.getById(idOf(request, param))
  return question({ service, ask }, SessionPipe, ...pipes)
}

/** The request's session for sign-in and sign-out: `bind()`, `renew()`, `carry(session)`, `forget()`. */
export function RequestSession(options: SessionDecoratorOptions = {}): ParameterDecorator {
  return question({ service: options.service, ask: (session) => session }, SessionPipe)
}
/** What `@RequestSession()` gives: nothing is looked up before somebody asks, and then once. */
export type RequestSession = RequestSessionOfCore

/** Who is asking, as `identify` of the module says. */
export function SessionIdentity(options: SessionDecoratorOptions = {}): ParameterDecorator {
  return question({ service: options.service, ask: (session) => session.identity() }, SessionPipe)
}

/** On a class or a method: only requests that come with a session, 401 or 404 for others. */
export function RequireSession(options: SessionDecoratorOptions = {}): ClassDecorator & MethodDecorator {
  const demand: SessionDemand = { isRequired: true, service: options.service }
  return applyDecorators(SetMetadata(sessionDemand, demand), UseGuards(SessionsGuard))
}

/**
 * On a parameter: the session whose credential came with the request, or undefined. On a method or a class: takes
 * back what `@RequireSession()` on the class, or `SessionsGuard` on the application, demands.
 */
export function OptionalSession(
  options: SessionDecoratorOptions = {},
): ParameterDecorator & MethodDecorator & ClassDecorator {
  const parameter = question({ service: options.service, ask: (session) => session.find() }, SessionPipe)
  const place = SetMetadata<string, SessionDemand>(sessionDemand, { isRequired: false })
  return (target: object, key?: string | symbol, where?: number | object) => {
    if (typeof where === 'number') parameter(target, key, where)
    else (place as (...args: unknown[]) => void)(target, key, where)
  }
}

function idOf(request: unknown, param: string): string {
  const id = (request as { params?: Readonly<Record<string, unknown>> }).params?.[param]
  if (typeof id === 'string') return id
  throw new SessionError('invalid', `The route has no parameter :${param}.`, { path: param })
}
