import { withSession } from '@sessions/next'
import { chat } from '../../../lib/chat'

export const GET = withSession(chat, async (_, session) => Response.json({ id: session.id }), { param: 'id' })
