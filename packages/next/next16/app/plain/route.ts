import { bindSession, getWritableSession } from '@sessions/next'
import { codeOf } from '../../lib/answers'
import { chat } from '../../lib/chat'

/** A handler as Next knows them, which asks for the session itself. */
export async function POST(request: Request) {
  const { id } = (await request.json()) as { id?: string }
  const append = await codeOf(async () => {
    const session = await getWritableSession(chat, id)
    await session.append({ role: 'user', content: 'from a plain handler' })
  })
  return Response.json({ append, bind: await codeOf(() => bindSession(chat)) })
}
