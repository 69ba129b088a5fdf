import { createSessionApi } from '@sessions/core/http'
import { toRouteHandlers } from '@sessions/next'
import { chat } from '../../../../lib/chat'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = toRouteHandlers(async () =>
  createSessionApi({
    sessions: await chat.sessions(),
    basePath: '/api/own',
    cookie: { secure: false },
    identify: () => ({ tenantId: 'acme' }),
    respond: ({ input }) => `You said: ${JSON.stringify(input)}`,
  }),
)
