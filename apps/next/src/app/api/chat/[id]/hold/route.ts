import { deviceOf, guestOf, identityOf } from '../../../../../server/caller.ts'
import { chat } from '../../../../../server/chat.ts'
import { chatRoute } from '../../../../../server/chat-route.ts'
import { hold } from '../../../../../server/holding.ts'

/** Brings a session that was moved back to this device. */
export const POST = chatRoute(async (request, { params }: { params: Promise<{ id: string }> }) => {
  const sessions = await chat.sessions()
  const session = await sessions.for(identityOf(guestOf(request))).get((await params).id)
  await hold(session, deviceOf(request))
  return Response.json({ sessionId: session.id })
})
