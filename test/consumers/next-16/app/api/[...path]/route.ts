import { createSessionApi, guests } from '@sessions/core/http'
import { toRouteHandlers } from '@sessions/next'
import { chat, credentialSecrets } from '../../../lib/chat'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = toRouteHandlers(async () =>
  createSessionApi({
    sessions: await chat.sessions(),
    identify: () => ({ tenantId: 'acme' }),
    guests: guests({ secrets: credentialSecrets, cookie: { secure: false } }),
    basePath: '/api',
    cookie: { secure: false },
  }),
)
