import { bindSession, withProblems, withSession } from '@sessions/next'
import { cookies } from 'next/headers'
import { visitors } from '../../lib/visitors'

export const GET = withProblems(visitors, async () => {
  const { items } = await (await visitors.for()).list()
  return Response.json({ titles: items.map(({ title }) => title ?? '') })
})

export const POST = withSession(visitors, async (_, session) => {
  await session.append({ role: 'user', content: 'Hi' })
  // The same guest, whoever asks.
  await (await visitors.for()).create({ title: 'beside' })
  return Response.json({ id: session.id })
})

export const PUT = withProblems(visitors, async () => {
  const { id } = await (await visitors.for()).create({ title: 'alone' })
  return Response.json({ id })
})

export const PATCH = withSession(visitors, async () => {
  ;(await cookies()).set('user', 'alice')
  return Response.json({ id: (await bindSession(visitors)).id })
})
