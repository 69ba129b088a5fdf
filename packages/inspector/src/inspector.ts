import { isSessionError, SessionError } from '@sessions/core'
import { checkOptions, mountPathOf, toLogLine } from '@sessions/core/node'
import type { Html } from './markup.js'
import type { InspectorOptions, Look } from './options.js'
import { notice, page } from './page.js'
import { insightsPage } from './pages/insights.js'
import { overviewPage } from './pages/overview.js'
import { idIn, sessionListPage } from './pages/session-list.js'
import { sessionPage } from './pages/session.js'
import { style } from './style.js'

/** Pages over the sessions of an application. */
export interface Inspector {
  /** Answers a request. Never rejects. A framework says where it has mounted the pages, so that their links work. */
  handle(request: Request, mounted?: { readonly mountPath?: string | undefined }): Promise<Response>
  /** Whether a path is one of its pages. */
  owns(pathname: string): boolean
  /** Its own path, which comes after the one that it is mounted at. */
  readonly basePath: string
}

// Pages of what people said: no script, no other site, no copy in any cache.
const headers = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/**
 * Pages for whoever runs an application: its sessions, their messages, contexts and turns, what is kept beside them, the
 * health of store and bus, and charts of usage, costs, topics and users. It only reads.
 *
 * @throws `invalid` for a wrong option.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createInspector } from '@sessions/inspector'
 *
 * const inspector = createInspector({
 *   sessions: createSessions(),
 *   identify: (request) =>
 *     request.headers.get('authorization') === `Bearer ${process.env['OPERATOR_TOKEN']}`
 *       ? { tenantId: 'acme', roles: ['admin'] }
 *       : undefined,
 * })
 * const response = await inspector.handle(new Request('https://app.test/inspector'))
 * console.log(response.status)
 * ```
 */
export function createInspector(options: InspectorOptions): Inspector {
  checkOptions<InspectorOptions>(options ?? null, {
    sessions: 'object',
    identify: 'function',
    basePath: 'text',
    store: 'object',
    system: 'text',
    maxTokens: 'number',
    onError: 'function',
  })
  const { sessions, identify, basePath: ownPath = '/inspector', store, system, maxTokens = 8000 } = options
  if (sessions === undefined) throw new SessionError('invalid', 'sessions is missing', { path: 'sessions' })
  if (identify === undefined) throw new SessionError('invalid', 'identify is missing', { path: 'identify' })
  if (ownPath !== '' && !/^(?:\/[\w.~-]+)+$/.test(ownPath))
    throw new SessionError('invalid', 'basePath must be a path without a slash at its end', {
      path: 'basePath',
    })
  if (!Number.isInteger(maxTokens) || maxTokens < 100)
    throw new SessionError('invalid', 'maxTokens must be a whole number, 100 or more', { path: 'maxTokens' })

  const { onError = logError } = options
  const tell = async (error: unknown, request: Request): Promise<void> => {
    try {
      const asked: unknown = onError(error, request)
      await asked
    } catch (cause) {
      console.error('[sessions] onError failed:', cause)
    }
  }

  const answer = (status: number, document: string, more: Record<string, string> = {}) =>
    new Response(document, {
      status,
      headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8', ...more },
    })
  async function show(request: Request, basePath: string, told: Tell): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, notice(basePath, 'Nothing to send', 'An inspector only reads.'), {
        Allow: 'GET, HEAD',
      })
    const url = new URL(request.url)
    const path = isUnder(basePath, url.pathname)
      ? url.pathname.slice(basePath.length).replace(/\/$/, '')
      : undefined
    if (path === '/style.css') {
      const type = { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'public, max-age=300' }
      return new Response(style, { headers: { ...headers, ...type } })
    }
    const identity = await identify(request)
    if (identity === undefined)
      return told(401, 'Sign in first', 'The inspector is for operators who have signed in.')
    if (identity.roles?.includes('admin') !== true)
      return told(403, 'Not for you', 'The inspector is for admins of a tenant.')
    const look = { sessions, identity, basePath, store, system, maxTokens, url }
    const shown = path === undefined ? undefined : await route(look, path)
    if (shown === undefined)
      return told(404, 'Nothing here', 'There is no such page, or the session is gone.')
    const { tenantId } = identity
    return answer(200, page({ basePath, tenantId, ...shown }))
  }

  return {
    basePath: ownPath,
    owns: (pathname) => isUnder(ownPath, pathname),
    async handle(request, mounted) {
      const basePath = mountPathOf(mounted?.mountPath, ownPath, new URL(request.url).pathname) + ownPath
      const told: Tell = (status, title, text) => answer(status, notice(basePath, title, text))
      try {
        const response = await show(request, basePath, told)
        return request.method === 'HEAD' ? new Response(null, response) : response
      } catch (error) {
        const response = failed(error, told)
        if (response.status >= 500) void tell(error, request)
        return response
      }
    },
  }
}

const isUnder = (basePath: string, pathname: string): boolean => `${pathname}/`.startsWith(`${basePath}/`)

interface Shown {
  readonly title: string
  readonly section: 'overview' | 'sessions' | 'insights'
  readonly body: Html
}

async function route(look: Look, path: string): Promise<Shown | undefined> {
  if (path === '') return { title: 'Overview', section: 'overview', body: await overviewPage(look) }
  if (path === '/sessions')
    return { title: 'Sessions', section: 'sessions', body: await sessionListPage(look) }
  if (path === '/insights')
    return { title: 'Insights', section: 'insights', body: await insightsPage(look, Date.now()) }
  const [, id, tab = ''] = /^\/sessions\/([^/]+)(?:\/([a-z]+))?$/.exec(path) ?? []
  const name = id === undefined ? undefined : idIn(id)
  if (name === undefined) return undefined
  const body = await sessionPage(look, name, tab)
  return body === undefined ? undefined : { title: 'Session', section: 'sessions', body }
}

function logError(error: unknown, request: Request): void {
  // Apart from the first argument, which may command what becomes of the others: `%c` in a path would hide the error.
  console.error('[inspector]', `${new URL(request.url).pathname}:`, toLogLine(error))
}

type Tell = (status: number, title: string, text: string) => Response

// What went wrong inside is for the log of the application, not for a page.
function failed(error: unknown, told: Tell): Response {
  if (isSessionError(error, 'forbidden')) return told(403, 'Not to be read', error.message)
  if (isSessionError(error, 'not_found')) return told(404, 'Nothing here', 'The session is gone.')
  if (isSessionError(error, 'invalid')) return told(400, 'Not understood', error.message)
  if (isSessionError(error, 'unavailable') || isSessionError(error, 'store_failed'))
    return told(503, 'Not now', 'What keeps the sessions does not answer.')
  return told(500, 'Something failed', 'The page could not be made.')
}
