export { createCredentials, type CredentialPayload, type Credentials } from './domain/credential.js'
export {
  type Transport,
  type TransportOptions,
  type TransportFields,
  type CookieOptions,
  createTransport,
  sessionIdHeader,
} from './http/transport.js'
export { checkOrigin, isOfAnotherSite, type OriginRules, type PageRequest } from './http/csrf.js'
export { type NodeHandlerOptions, toNodeHandler } from './http/node-handler.js'
export { type Problem, type ProblemCode, type RequestErrorCode, toProblem } from './http/problem.js'
export { type HeaderSink, RequestSession, type RequestSessionOptions } from './http/request-session.js'
export { parseWith } from './parse.js'
