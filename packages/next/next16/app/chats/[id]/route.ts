import { withProblems, withSession } from '@sessions/next'
import { chat } from '../../../lib/chat'

export const GET = withSession(chat, async (_, session) => Response.json({ id: session.id }), { param: 'id' })

export const PUT = withSession(chat, async (_, session) => Response.json({ id: session.id }), {
  param: 'name',
})

export const POST = withProblems(chat, async (request, { params }: { params: Promise<{ id: string }> }) => {
  const session = await (await chat.for()).get((await params).id)
  const { revision, fail } = (await request.json()) as { revision?: number; fail?: boolean }
  if (fail) throw new Error('broken')
  await session.state.merge({ open: true }, revision === undefined ? {} : { ifRevision: revision })
  return Response.json({ id: session.id })
})
