import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** The common parts of requests of Express, Fastify and Node. */
export interface SessionsRequest {
  /** By name in small letters. */
  readonly headers: IncomingHttpHeaders
  /** Of HTTP. */
  readonly method?: string | undefined
  /** Path and query. */
  readonly url?: string | undefined
  /** The path that Express has taken off `url`, when the whole application is mounted in another one. */
  readonly baseUrl?: string
  /** `https` over TLS, according to the platform and the proxy that it trusts. */
  readonly protocol?: string
  /** The host with its port, according to the platform and the proxy that it trusts. */
  readonly host?: string
  /** The address of the caller, according to the platform and the proxy that it trusts. */
  readonly ip?: string
  /** The user that your guard has set. */
  readonly user?: unknown
  /** Node's own request, on Fastify. */
  readonly raw?: IncomingMessage
}

/** The part of Fastify's reply that is used here. */
interface FastifyReply {
  readonly raw: ServerResponse
  hijack(): unknown
  getHeaders(): Record<string, number | string | string[] | undefined>
}

/** Node's response, as in Express, or Fastify's reply. */
export type SessionsResponse = ServerResponse | FastifyReply
