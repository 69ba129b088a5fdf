import { z } from 'zod'
import { guestOf } from '../../../../../server/caller.ts'
import { chatRoute, originOf, readBody } from '../../../../../server/chat-route.ts'
import { refusal } from '../../../../../server/holding.ts'
import { startTransfer } from '../../../../../server/transfers.ts'

const bodySchema = z.strictObject({ mode: z.enum(['share', 'move', 'copy']) })

export const POST = chatRoute(async (request, { params }: { params: Promise<{ id: string }> }) => {
  const guest = guestOf(request)
  const { mode } = await readBody(request, bodySchema)
  const { id } = await params
  const refused = await refusal(request, id)
  if (refused !== undefined) return refused
  // The address of the chat for other devices: as configured, or else that of this page, which the check of origins
  // has verified.
  const base = process.env['PUBLIC_URL'] || originOf(request.headers) || new URL(request.url).origin
  const page = `${base.replace(/\/$/, '')}/continue`
  return Response.json(await startTransfer(guest, id, mode, page), { status: 201 })
})
