import { parseWith } from '@sessions/core/node'
import { z } from 'zod'
import { guestOf } from '../../../../server/caller.ts'
import { chatRoute } from '../../../../server/chat-route.ts'
import { searchSessions } from '../../../../server/search.ts'

const querySchema = z.object({
  q: z.string().max(200).default(''),
  cursor: z.string().max(2000).optional(),
})

export const GET = chatRoute(async (request) => {
  const guest = guestOf(request)
  const { q, cursor } = parseWith(querySchema, Object.fromEntries(new URL(request.url).searchParams), '')
  return Response.json(await searchSessions(guest, q, cursor))
})
