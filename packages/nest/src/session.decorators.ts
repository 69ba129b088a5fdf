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
import {
  checkOptions,
  type OptionNames,
  type RequestSession as RequestSessionOfCore,
} from '@sessions/core/node'
import { SessionPipe, sessionQuestion } from './session.pipe.js'
import { type SessionDemand, sessionDemand, SessionsGuard } from './sessions.guard.js'

/** Which service a decorator uses. */
export interface SessionDecoratorOptions {
  /** The name of `forFeature` (default: the service of `forRoot`). */
  service?: string
}

/** Which session of which service a handler gets. */
export interface CurrentSessionOptions extends SessionDecoratorOptions {
  /** The route parameter with a public id: gives that session, if the caller may touch it (default: none). */
  param?: string
}

const serviceNames: OptionNames<SessionDecoratorOptions> = { service: 'text' }
const currentNames: OptionNames<CurrentSessionOptions> = { ...serviceNames, param: 'text' }

/** @throws `invalid` for an option that is none: a misspelt one would silently ask the service of `forRoot`. */
function checked(options: SessionDecoratorOptions): SessionDecoratorOptions {
  checkOptions(options, serviceNames)
  return options
}

type Pipe = Type<PipeTransform> | PipeTransform
type Ask = (session: RequestSessionOfCore, request: unknown) => unknown

const asking = createParamDecorator(
  ({ service, ask }: { service: string | undefined; ask: Ask }, context: ExecutionContext) =>
    sessionQuestion(context, service, ask),
)

/** A parameter that gets what `asked` asks for. */
function question(asked: { service: string | undefined; ask: Ask }, ...pipes: Pipe[]): ParameterDecorator {
  const decorate = asking(asked, ...pipes)
  return (target, key, index) => {
    decorate(target, key, index)
    hideType(target, key, index)
  }
}

/**
 * Tells pipes nothing of the parameter's type, when TypeScript has written it down: `ValidationPipe` would make an object
 * of that class, and no object that it makes is a session.
 */
function hideType(target: object, key: string | symbol | undefined, index: number): void {
  if (key === undefined) return
  const types = Reflect.getMetadata('design:paramtypes', target, key) as unknown[] | undefined
  if (types === undefined) return
  const others = types.map((type, at) => (at === index ? Object : type))
  Reflect.defineMetadata('design:paramtypes', others, target, key)
}

/**
 * The session of the request. Without one it gives a draft. The first write stores the draft and sets its credential,
 * so a caller who only reads leaves no trace. Pipes get the session.
 *
 * Write to a draft before the first byte of the response: after that its first write rejects with `headers_sent`.
 *
 * @throws `invalid` for an unknown option, when the class is defined.
 */
export function CurrentSession(options: CurrentSessionOptions = {}, ...pipes: Pipe[]): ParameterDecorator {
  checkOptions(options, currentNames)
  const { service, param } = options
  const ask: Ask = (session, request) =>
    param === undefined ? session.get() : session.getById(idOf(request, param))
  return question({ service, ask }, SessionPipe, ...pipes)
}

/** The request's session for sign-in and sign-out: `bind()`, `renew()`, `carry(session)`, `forget()`. */
export function RequestSession(options: SessionDecoratorOptions = {}): ParameterDecorator {
  return question({ service: checked(options).service, ask: (session) => session }, SessionPipe)
}
/** What `@RequestSession()` gives. The session is looked up when it is first needed, and then only once. */
export type RequestSession = RequestSessionOfCore

/** The identity of the caller, from `identify` of the module. */
export function SessionIdentity(options: SessionDecoratorOptions = {}): ParameterDecorator {
  return question({ service: checked(options).service, ask: (session) => session.identity() }, SessionPipe)
}

/** On a class or a method: allows only requests with a session, and answers others with 401 or 404. */
export function RequireSession(options: SessionDecoratorOptions = {}): ClassDecorator & MethodDecorator {
  const demand: SessionDemand = { isRequired: true, service: checked(options).service }
  return applyDecorators(SetMetadata(sessionDemand, demand), UseGuards(SessionsGuard))
}

/**
 * On a parameter: the session of the request's credential, or undefined. On a method or a class: takes back the
 * requirement of `@RequireSession()` on the class, or of `SessionsGuard` on the application.
 */
export function OptionalSession(
  options: SessionDecoratorOptions = {},
): ParameterDecorator & MethodDecorator & ClassDecorator {
  const parameter = question(
    { service: checked(options).service, ask: (session) => session.find() },
    SessionPipe,
  )
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
