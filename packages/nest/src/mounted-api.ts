import type { IncomingMessage, ServerResponse } from 'node:http'
import { NotFoundException } from '@nestjs/common'
import type { ApplicationConfig } from '@nestjs/core'
import type { SessionApi } from '@sessions/core/http'
import { type BodyHolder, bodyReadAlready, isApiPath, toNodeHandler } from '@sessions/core/node'
import type { SessionsRequest, SessionsResponse } from './platform.js'

const platformRequests = new WeakMap<Request, SessionsRequest>()

/**
 * The platform's request behind a request that an option of the HTTP API gets, such as `limitKey` or `audienceOf`: it
 * has the fields that your middleware and guards have added, and `ip`.
 *
 * @throws for a request that does not come from a mounted API.
 */
export function platformRequestOf(request: Request): SessionsRequest {
  const found = platformRequests.get(request)
  if (found === undefined) throw new Error('This request was not answered by the API of SessionsModule.')
  return found
}

/** An API in an application: its path, and its answers to the platform's requests. */
export class MountedApi {
  /** The path before `/sessions`, without the application's global prefix. */
  readonly prefix: string
  /** The first segments of its paths, after the prefix. */
  readonly roots: readonly string[]
  readonly #config: Pick<ApplicationConfig, 'getGlobalPrefix'>
  readonly #apis = new Map<string, SessionApi>()
  readonly #apiAt: (basePath: string) => SessionApi

  /** @param apiAt Makes the API for a path; an API that the application passes in has a path of its own. */
  constructor(
    prefix: string,
    config: Pick<ApplicationConfig, 'getGlobalPrefix'>,
    apiAt: (basePath: string) => SessionApi,
  ) {
    this.prefix = prefix
    this.#config = config
    this.#apiAt = apiAt
    // At once, so that wrong options are reported at the start.
    this.roots = this.#api(prefix).roots
  }

  owns(url: string): boolean {
    return this.#basePathOf(pathOf(url)) !== undefined
  }

  /** @throws `NotFoundException` for a path that is not the API's. */
  async answer(request: SessionsRequest, response: SessionsResponse): Promise<void> {
    const req = request.raw ?? (request as IncomingMessage)
    const url = req.url!
    const basePath = this.#basePathOf(pathOf(url))
    // Express ignores case in a path.
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
        body: () => bodyReadAlready(req, request as BodyHolder),
      },
    )
    await answer(req, taken(response))
  }

  #api(basePath: string): SessionApi {
    let api = this.#apis.get(basePath)
    if (api === undefined) this.#apis.set(basePath, (api = this.#apiAt(basePath)))
    return api
  }

  /** With the global prefix, or without it when the application excludes these routes. */
  #basePathOf(path: string): string | undefined {
    const outer = this.#config.getGlobalPrefix().replace(/^\/?(.*?)\/?$/, '/$1')
    return [outer === '/' ? '' : outer, '']
      .map((each) => each + this.prefix)
      .find((base) => isApiPath(base, path, this.roots))
  }
}

const pathOf = (url: string): string => url.split('?')[0]!

/**
 * Node's own response, so that the platform does not send it. Headers that were set on Fastify's reply are sent with
 * it.
 */
function taken(response: SessionsResponse): ServerResponse {
  if (!('raw' in response)) return response
  response.hijack()
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (value !== undefined) response.raw.setHeader(name, value)
  }
  return response.raw
}
