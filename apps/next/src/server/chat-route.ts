import { SessionError } from '@sessions/core'
import { checkOrigin, parseWith, toLogLine, toProblem } from '@sessions/core/node'
import type { z } from 'zod'
import { visitorOf } from './caller.ts'
import { countRequest } from './rate-limit.ts'

const maxBodyBytes = 16 * 1024

/** A route of the chat itself, with the rules of the session API: problems, origins, no caching. */
export function chatRoute<Context>(
  handle: (request: Request, context: Context) => Promise<Response>,
): (request: Request, context: Context) => Promise<Response> {
  return async (request, context) => {
    let response: Response
    try {
      checkOrigin(request, { host: hostOf(request.headers) }, { hasHeaderMode: false, trustedOrigins: [] })
      await countRequest(visitorOf(request))
      response = await handle(request, context)
    } catch (error) {
      const problem = toProblem(error)
      if (problem.status >= 500) console.error(toLogLine(error))
      response = Response.json(problem, { status: problem.status })
      response.headers.set('Content-Type', 'application/problem+json')
      if (problem.retryAfterMs !== undefined) {
        response.headers.set('Retry-After', String(Math.ceil(problem.retryAfterMs / 1000)))
      }
    }
    response.headers.set('Cache-Control', 'no-store')
    return response
  }
}

/** The body, as `schema` returns it. @throws `invalid`, `too_large` */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  if (!request.headers.get('content-type')?.startsWith('application/json')) {
    throw new SessionError('invalid', 'The body must be application/json.', { path: 'Content-Type' })
  }
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of request.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > maxBodyBytes) throw new SessionError('too_large', 'The body is too large.')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SessionError('invalid', 'The body is not JSON.')
  }
  return parseWith(schema, value, '')
}

/** The origin of the page that sent the request, if it is one of this host. */
export function originOf(headers: Headers): string | undefined {
  const origin = headers.get('origin') ?? ''
  return URL.canParse(origin) && new URL(origin).host === hostOf(headers) ? origin : undefined
}

function hostOf(headers: Headers): string {
  return headers.get('x-forwarded-host') ?? headers.get('host') ?? ''
}
