import { createSessionApi, type SessionApi } from '@sessions/core/http'
import { respond } from './assistant/respond.ts'
import { tools } from './assistant/tools.ts'
import { identify, isOperator, visitorOf } from './caller.ts'
import { chat } from './chat.ts'
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
    limitKey: (request: Request) => (isOperator(request) ? 'operator' : visitorOf(request)),
    // The results of these tools are public, and the page shows them.
    exposeToolResults: true,
  }
  const api = createSessionApi(options)
  // The operator may append messages of other roles than user, such as conversations from elsewhere.
  const operatorApi = createSessionApi({ ...options, clientRoles: ['user', 'assistant', 'system', 'tool'] })
  return { ...api, handle: (request) => (isOperator(request) ? operatorApi : api).handle(request) }
}
