import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BeforeApplicationShutdown, NotFoundException } from '@nestjs/common'
import { SessionError } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import { type BodyHolder, bodyReadAlready, isApiPath, toNodeHandler } from '@sessions/core/node'
import { hostOf } from './page-request.js'
import type { SessionsRequest, SessionsResponse } from './platform.js'
import { isEndless, untilShutdown } from './until-shutdown.js'

// No segment of a path can be decoded to it.
const noRoute = '/%'
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
export class MountedApi implements BeforeApplicationShutdown {
  /** The path before `/sessions`, without what the application puts before it. */
  readonly prefix: string
  /** The first segments of its paths, after the prefix. */
  readonly roots: readonly string[]
  readonly #api: SessionApi
  readonly #outerPaths: () => readonly string[]
  readonly #shutdown = new AbortController()
  #known: { readonly paths: string; readonly patterns: readonly RegExp[] } | undefined

  /** @param outerPaths What may stand before the prefix, once the application has said so. */
  constructor(api: SessionApi, outerPaths: () => readonly string[]) {
    this.prefix = api.basePath
    this.roots = api.roots
    this.#api = api
    this.#outerPaths = outerPaths
    // Each open stream listens.
    setMaxListeners(0, this.#shutdown.signal)
  }

  owns(url: string): boolean {
    return this.#mountPathOf(url) !== undefined
  }

  /** @throws `invalid` for a path of the application that the API cannot stand under. */
  checkPlace(): void {
    this.#patterns()
  }

  /** @throws `NotFoundException` for a path that is not the API's. */
  async answer(request: SessionsRequest, response: SessionsResponse): Promise<void> {
    const req = request.raw ?? (request as IncomingMessage)
    const url = req.url!
    const mountPath = this.#mountPathOf(url)
    // Express ignores case in a path.
    if (mountPath === undefined) throw new NotFoundException(`Cannot ${req.method} ${url}`)
    await this.#send(request, response, { path: url, mountPath })
  }

  /** Answers as for a path that has no route, whatever stands in the path of the request. */
  async answerUnknown(request: SessionsRequest, response: SessionsResponse): Promise<void> {
    await this.#send(request, response, { path: noRoute, mountPath: '' })
  }

  async #send(
    request: SessionsRequest,
    response: SessionsResponse,
    { path, mountPath }: { readonly path: string; readonly mountPath: string },
  ): Promise<void> {
    const req = request.raw ?? (request as IncomingMessage)
    const handle: SessionApi['handle'] = async (asked, mounted) => {
      platformRequests.set(asked, request)
      const answered = await this.#api.handle(asked, mounted)
      return isEndless(asked, answered) ? untilShutdown(answered, this.#shutdown.signal) : answered
    }
    const { protocol = 'http', baseUrl = '' } = request
    const answer = toNodeHandler(
      { handle },
      {
        origin: () => `${protocol}://${hostOf(request) || 'localhost'}`,
        path: () => baseUrl + path,
        mountPath: () => baseUrl + mountPath,
        body: () => bodyReadAlready(req, request as BodyHolder),
      },
    )
    await answer(req, taken(response))
  }

  /** Before the server waits for the answers that are being written, which would be for ever. */
  beforeApplicationShutdown(): void {
    this.#shutdown.abort()
  }

  /** What stands before the prefix; undefined for a path that is not the API's. */
  #mountPathOf(url: string): string | undefined {
    const path = url.split('?')[0]!
    return this.#patterns()
      .map((pattern) => pattern.exec(path)?.[0])
      .find((outer) => outer !== undefined && isApiPath(this.prefix, path.slice(outer.length), this.roots))
  }

  #patterns(): readonly RegExp[] {
    const outer = this.#outerPaths()
    const paths = outer.join(' ')
    if (this.#known?.paths !== paths) this.#known = { paths, patterns: outer.map(patternOf) }
    return this.#known.patterns
  }
}

/** @throws `invalid` for a path with anything but words and `:parameters`. */
function patternOf(path: string): RegExp {
  const segments = path.split('/').filter((segment) => segment !== '')
  const odd = segments.find((segment) => !/^(?::\w+|[^:*?+!(){}[\]\\]+)$/.test(segment))
  if (odd !== undefined) {
    throw new SessionError(
      'invalid',
      `The API of SessionsModule cannot stand under "${path}": its path may have words and :parameters. Leave the API out of the global prefix with "exclude".`,
      { path: 'api' },
    )
  }
  const parts = segments.map((segment) => (segment.startsWith(':') ? '/[^/]+' : `/${escaped(segment)}`))
  return new RegExp(`^${parts.join('')}(?=/|$)`)
}

const escaped = (text: string): string => text.replaceAll(/[.$^|]/g, '\\$&')

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
