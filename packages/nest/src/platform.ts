import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** What requests of Express, of Fastify and of Node have in common. */
export interface SessionsRequest {
  readonly headers: IncomingHttpHeaders
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** `https` over TLS, as far as the platform trusts its proxy. */
  readonly protocol?: string
  /** The host with its port, as far as the platform trusts its proxy. */
  readonly host?: string
  /** The address of the caller, as far as the platform trusts its proxy. */
  readonly ip?: string
  /** What a guard of yours has put there. */
  readonly user?: unknown
  /** Node's own request, on Fastify. */
  readonly raw?: IncomingMessage
}

/** Fastify's reply, as far as it is needed here. */
interface FastifyReply {
  readonly raw: ServerResponse
  hijack(): unknown
  getHeaders(): Record<string, number | string | string[] | undefined>
}

/** Node's response, as Express has it, or Fastify's reply. */
export type SessionsResponse = ServerResponse | FastifyReply
