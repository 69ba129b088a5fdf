import type { Session } from '@sessions/core'
import { z } from 'zod'
import { tools } from './tools.ts'

const system = `You are the assistant of a small shop for tea, coffee, books, lamps, wool, paper and games.
Talk about anything, briefly and warmly; use light Markdown. Use the tools for products, the cart and what the user likes; never invent a product or a price. Prices are in cents of EUR. Check out only when the user says so.`

/** The tools, as a model is told of them. */
const described = Object.entries(tools).map(([name, { description, inputSchema }]) => ({
  name,
  description,
  inputSchema: z.toJSONSchema(inputSchema, { io: 'input' }),
}))

/** What a model is given of a session. */
export const prompt = {
  system,
  context: {
    maxTokens: 8000,
    include: ['preferences', 'cart'] as ('preferences' | 'cart')[],
    tools: described,
  },
}

/** What a model would be given of a session now, all of it; stores nothing. @throws `context_too_small` */
export async function shownPrompt(session: Session, maxTokens = prompt.context.maxTokens) {
  const { messages, tokens, report } = await session.context({
    ...prompt.context,
    system,
    maxTokens,
    remember: false,
  })
  return { sessionId: session.id, context: { messages, tokens, report }, tools: described, maxTokens }
}
