import {
  bindSession,
  forgetSession,
  getWritableSession,
  newSession,
  sessionAction,
  withSession,
} from '@sessions/next'
import { notFound, redirect } from 'next/navigation'
import { chat } from '../../lib/chat'

export const GET = withSession(chat, async (_, session) => {
  const { messages } = await session.history()
  return Response.json({
    id: session.isStored ? session.id : null,
    messages: messages.map((one) => one.content),
  })
})

const say = sessionAction(chat, async (session, text: string) => {
  await session.append({ role: 'user', content: text })
  return session.id
})

export const POST = withSession(chat, async (request, session) => {
  const { text, then } = (await request.json()) as { text: string; then?: string }
  if (then === 'within') {
    const same = await getWritableSession(chat)
    return Response.json({ ids: [await say(text), same.id, session.id] })
  }
  await session.append({ role: 'user', content: text })
  if (then === 'dressed')
    return new Response(null, { headers: { vary: 'Accept', 'cache-control': 'private' } })
  if (then === 'redirect') redirect('/')
  if (then === 'notFound') notFound()
  if (then === 'nothing') return undefined as never
  if (then === 'fail') throw new Error('broken')
  return Response.json({ id: session.id }, { status: 201 })
})

export const PUT = withSession(chat, async () => {
  const session = await newSession(chat)
  await session.store()
  return Response.redirect('http://elsewhere.test/', 303)
})

export const PATCH = withSession(chat, async () => Response.json({ id: (await bindSession(chat)).id }))

export const DELETE = withSession(chat, async () => {
  await forgetSession(chat)
  return new Response(null, { status: 204 })
})
