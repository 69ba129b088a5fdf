import type { IncomingMessage, ServerResponse } from 'node:http'
import { NotFoundException } from '@nestjs/common'
import type { ApplicationConfig } from '@nestjs/core'
import type { SessionApi } from '@sessions/core/http'
import { toNodeHandler } from '@sessions/core/node'
import type { SessionsRequest, SessionsResponse } from './platform.js'

type BodyHolder = { readonly body?: unknown; readonly rawBody?: unknown }

const platformRequests = new WeakMap<Request, SessionsRequest>()

/**
 * The platform's request behind one that the HTTP API shows to an option of yours, such as `limitKey` or
 * `audienceOf`: it has what your middleware and guards put there, and `ip`.
 *
 * @throws for a request that a mounted API was not given.
 */
export function platformRequestOf(request: Request): SessionsRequest {
  const found = platformRequests.get(request)
  if (found === undefined) throw new Error('This request was not answered by the API of SessionsModule.')
  return found
}

/** An API in an application: where it is, and how it answers what the platform gives. */
export class MountedApi {
  /** All that comes before `/sessions`, but for the application's global prefix. */
  readonly prefix: string
  readonly #config: Pick<ApplicationConfig, 'getGlobalPrefix'>
  readonly #apis = new Map<string, SessionApi>()
  readonly #apiAt: (basePath: string) => SessionApi

  /** @param apiAt Makes the API for where it is; one that is lent has a path of its own. */
  constructor(
    prefix: string,
    config: Pick<ApplicationConfig, 'getGlobalPrefix'>,
    apiAt: (basePath: string) => SessionApi,
  ) {
    this.prefix = prefix
    this.#config = config
    this.#apiAt = apiAt
    // At once, so that options that cannot work show at the start.
    this.#api(prefix)
  }

  owns(url: string): boolean {
    return this.#basePathOf(pathOf(url)) !== undefined
  }

  /** @throws `NotFoundException` for a path that is not the API's. */
  async answer(request: SessionsRequest, response: SessionsResponse): Promise<void> {
    const req = request.raw ?? (request as IncomingMessage)
    const url = req.url!
    const basePath = this.#basePathOf(pathOf(url))
    // Express takes one case for the other in a path.
    if (basePath === undefined) throw new NotFoundException(`Cannot ${req.method} ${url}`)
    const api = this.#api(basePath)
    const handle = (asked: Request): Promise<Response> => {
      platformRequests.set(asked, request)
      return api.handle(asked)
    }
    const { protocol = 'http', headers } = request
    const answer = toNodeHandler(
      { handle },
      {
        origin: () => `${protocol}://${headers.host ?? 'localhost'}`,
        path: () => api.basePath + url.slice(basePath.length),
        body: () => readAlready(req, request as BodyHolder),
      },
    )
    await answer(req, taken(response))
  }

  #api(basePath: string): SessionApi {
    let api = this.#apis.get(basePath)
    if (api === undefined) this.#apis.set(basePath, (api = this.#apiAt(basePath)))
    return api
  }

  /** With the global prefix, or without where the application keeps it from these routes. */
  #basePathOf(path: string): string | undefined {
    const outer = this.#config.getGlobalPrefix().replace(/^\/?(.*?)\/?$/, '/$1')
    return [outer === '/' ? '' : outer, '']
      .map((each) => each + this.prefix)
      .find((base) => ['sessions', 'transfers'].some((root) => `${path}/`.startsWith(`${base}/${root}/`)))
  }
}

const pathOf = (url: string): string => url.split('?')[0]!

/** Node's own response, for nobody else to send. What was set on Fastify's is sent with it. */
function taken(response: SessionsResponse): ServerResponse {
  if (!('raw' in response)) return response
  response.hijack()
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (value !== undefined) response.raw.setHeader(name, value)
  }
  return response.raw
}

/** The body that a parser before us has taken from the wire, as it was, or as near as can be. */
function readAlready(req: IncomingMessage, holder: BodyHolder): string | Uint8Array | undefined {
  if (!req.readableDidRead) return undefined
  const { body, rawBody } = holder.body === undefined ? (req as BodyHolder) : holder
  if (rawBody instanceof Uint8Array) return rawBody
  if (body === undefined) return undefined
  return typeof body === 'string' ? body : JSON.stringify(body)
}
