import { SessionError } from '@sessions/core'
import { checkOrigin, parseWith, toLogLine, toProblem } from '@sessions/core/node'
import { NextResponse } from 'next/server'
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

/**
 * A route that a form of a page sends to, with or without JavaScript: whatever happens, it leads to a page. What fails
 * leads back to `page`, which says so.
 */
export function formRoute(
  page: string,
  handle: (request: Request) => Promise<Response>,
): (request: Request, context: unknown) => Promise<Response> {
  return chatRoute(async (request) => {
    try {
      return await handle(request)
    } catch (error) {
      const { code, status } = toProblem(error)
      if (status >= 500) console.error(toLogLine(error))
      return goTo(`${page}?problem=${code}`)
    }
  })
}

/** Leads to a page, which is then read and not sent again. */
export function goTo(place: string): NextResponse {
  return new NextResponse(null, { status: 303, headers: { Location: place } })
}

/** The fields of a form, as `schema` returns them. @throws `invalid`, `too_large` */
export async function readForm<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(request, 'application/x-www-form-urlencoded')
  return parseWith(schema, Object.fromEntries(new URLSearchParams(text)), '')
}

/** The body, as `schema` returns it. @throws `invalid`, `too_large` */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(request, 'application/json')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SessionError('invalid', 'The body is not JSON.')
  }
  return parseWith(schema, value, '')
}

async function readText(request: Request, type: string): Promise<string> {
  if (!request.headers.get('content-type')?.startsWith(type)) {
    throw new SessionError('invalid', `The body must be ${type}.`, { path: 'Content-Type' })
  }
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of request.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > maxBodyBytes) throw new SessionError('too_large', 'The body is too large.')
  }
  return text
}

/** The origin of the page that sent the request, if it is one of this host. */
export function originOf(headers: Headers): string | undefined {
  const origin = headers.get('origin') ?? ''
  return URL.canParse(origin) && new URL(origin).host === hostOf(headers) ? origin : undefined
}

function hostOf(headers: Headers): string {
  return headers.get('x-forwarded-host') ?? headers.get('host') ?? ''
}
