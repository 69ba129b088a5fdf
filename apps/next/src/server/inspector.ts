import { createInspector, type Inspector } from '@sessions/inspector'
import { isOperator, tenantId } from './caller.ts'
import { chat, openedStore } from './chat.ts'
import { countRequest } from './rate-limit.ts'

// Who has no token learns nothing but that there is one.
const unsigned = {
  'Cache-Control': 'no-store',
  'WWW-Authenticate': 'Basic realm="Inspector", charset="UTF-8"',
}

let made: Promise<Inspector> | undefined

/** Answers with a page of the inspector, to whoever has the operator's token. */
export async function inspect(request: Request): Promise<Response> {
  try {
    // Apart from the operator's calls of the API: whoever guesses here keeps nobody from those.
    await countRequest('inspector')
  } catch {
    return new Response('Too many requests.', { status: 429, headers: { 'Retry-After': '60' } })
  }
  if (!isOperator(withBearer(request)))
    return new Response('Sign in first.', { status: 401, headers: unsigned })
  made ??= open()
  return (await made).handle(request)
}

async function open(): Promise<Inspector> {
  const sessions = await chat.sessions()
  const { store } = (await openedStore()) ?? {}
  return createInspector({
    sessions,
    ...(store === undefined ? {} : { store }),
    identify: () => ({ tenantId, roles: ['admin'] }),
  })
}

/** The request of a browser, whose dialog asks for a name and a password, as one with a token. */
function withBearer({ headers }: Request): { readonly headers: Headers } {
  const given = new Headers(headers)
  const [scheme = '', value = ''] = (headers.get('authorization') ?? '').split(' ')
  if (scheme.toLowerCase() === 'basic') {
    const password = Buffer.from(value, 'base64')
      .toString()
      .replace(/^[^:]*:/, '')
    // A header holds no line break, and no token has one.
    given.set('authorization', `Bearer ${password.replaceAll(/[^\x20-\x7e]/g, '')}`)
  }
  return { headers: given }
}
