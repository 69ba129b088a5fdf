import { parseWith } from '@sessions/core/node'
import { z } from 'zod'
import { shownPrompt } from '../../../../../server/assistant/prompt.ts'
import { identify } from '../../../../../server/caller.ts'
import { chat } from '../../../../../server/chat.ts'
import { chatRoute } from '../../../../../server/chat-route.ts'

const query = z.strictObject({ maxTokens: z.coerce.number().int().min(1).max(100_000).optional() })

export const GET = chatRoute(async (request, { params }: { params: Promise<{ id: string }> }) => {
  const { maxTokens } = parseWith(query, Object.fromEntries(new URL(request.url).searchParams), '')
  const session = await (await chat.sessions()).for(identify(request)).get((await params).id)
  return Response.json(await shownPrompt(session, maxTokens))
})
