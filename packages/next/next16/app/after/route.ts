import { getSession, getWritableSession, newSession, withSession } from '@sessions/next'
import { after } from 'next/server'
import { codeOf } from '../../lib/answers'
import { chat } from '../../lib/chat'
import { notes } from '../../lib/notes'

/** What can be done once the response is out, with a session from before, and without. */
export const POST = withSession(chat, async (_, session) => {
  after(async () => {
    const write = await codeOf(() => session.append({ role: 'user', content: 'after' }))
    const read = await codeOf(async () => (await getSession(chat)).history())
    const writable = await codeOf(() => getWritableSession(chat))
    const fresh = await codeOf(() => newSession(chat))
    notes.push(JSON.stringify({ write, read, writable, fresh }))
  })
  return Response.json({ id: session.isStored ? session.id : null })
})
