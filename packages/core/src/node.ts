/**
 * What adapters of frameworks are made of: transports, the session of a request, problems, and the API behind Node's
 * requests.
 *
 * @packageDocumentation
 */
export { createCredentials, type CredentialPayload, type Credentials } from './domain/credential.js'
export {
  type Transport,
  type TransportOptions,
  type TransportFields,
  type CookieOptions,
  createTransport,
  sessionIdHeader,
  toNamedTransport,
} from './http/transport.js'
export { type AdapterCall, type AdapterRoute, createAdapterApi } from './http/adapter-api.js'
export type { ServerSentData } from './http/sse.js'
export { idOfAnswers } from './http/tool-message.js'
export { checkOrigin, isOfAnotherSite, type OriginRules, type PageRequest } from './http/csrf.js'
export { hostOf, type NodeHandlerOptions, toNodeHandler } from './http/node-handler.js'
export { type BodyHolder, bodyReadAlready } from './http/node-body.js'
export { addVary, nodeHeaderSink, withoutValue } from './http/node-header-sink.js'
export { checkGuestCookie, type Guests } from './http/guests.js'
export { guestsOfRequest } from './http/request-guest.js'
export { toLogLine } from './http/log-line.js'
export { pause } from './async/slices.js'
export { isApiPath, mountPathOf } from './http/api-roots.js'
export {
  type Problem,
  type ProblemCode,
  problemHeaders,
  problemOf,
  type RequestErrorCode,
  toProblem,
  toProblemResponse,
} from './http/problem.js'
export type { HeaderSink } from './http/header-sink.js'
export { RequestSession, type RequestSessionOptions } from './http/request-session.js'
export { checkOptions, type OptionKind, type OptionNames } from './options.js'
export { parseWith } from './parse.js'
export { warnOnce } from './service/warn-once.js'
