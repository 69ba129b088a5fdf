import { createSessionApi } from '@sessions/core/http'
import { toRouteHandlers } from '@sessions/next'
import { chat } from '../../../../lib/chat'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = toRouteHandlers(async () =>
  createSessionApi({
    sessions: await chat.sessions(),
    basePath: '/api/own',
    cookie: { secure: false },
    identify: () => ({ tenantId: 'acme' }),
    // As many words as the message says, one every few milliseconds.
    async *respond({ input }) {
      const said = JSON.stringify(input)
      yield `You said: ${said}`
      for (let words = Number(/\d+ words/.exec(said)?.[0].split(' ')[0] ?? 0); words > 0; words--) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        yield ` ${words}`
      }
    },
  }),
)
