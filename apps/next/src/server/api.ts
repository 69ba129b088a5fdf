import { createSessionApi, type SessionApi } from '@sessions/core/http'
import { respond } from './assistant/respond.ts'
import { tools } from './assistant/tools.ts'
import { identify, isOperator, visitorOf } from './caller.ts'
import { chat } from './chat.ts'
import { guestCookieOf, isSecure } from './guest.ts'
import { refuseElsewhere } from './holding.ts'
import { limiter } from './rate-limit.ts'

/** The session HTTP API at `/api`. */
export async function openApi(): Promise<SessionApi> {
  const options = {
    sessions: await chat.sessions(),
    basePath: '/api',
    identify,
    respond,
    tools,
    limiter,
    // What guests may do with what is kept of them: consent, export, erasure.
    userRoutes: true,
    limitKey: (request: Request) => (isOperator(request) ? 'operator' : visitorOf(request)),
    // The results of these tools are public, and the page shows them.
    exposeToolResults: true,
  }
  const api = createSessionApi({ ...options, middleware: [refuseElsewhere] })
  // The operator may append messages of other roles than user, and import conversations from elsewhere.
  const operatorApi = createSessionApi({
    ...options,
    clientRoles: ['user', 'assistant', 'system', 'tool'],
    importRoute: true,
  })
  return {
    ...api,
    async handle(request, mounted) {
      if (isOperator(request)) return operatorApi.handle(request, mounted)
      return withoutErased(request, await api.handle(request, mounted))
    },
  }
}

/** A device that does not know yet that its guest is erased forgets the name: its next page is a new guest's. */
function withoutErased({ headers }: Request, response: Response): Response {
  const secure = isSecure(headers) ? '; Secure' : ''
  if (response.status === 410)
    response.headers.append('Set-Cookie', `${guestCookieOf(headers)}=; Path=/; Max-Age=0${secure}`)
  return response
}
