import { cookies } from 'next/headers'
import { SessionError } from '@sessions/core'
import { chatRoute } from '../../../../../server/chat-route.ts'
import { readReceipt, receiptCookie } from '../../../../../server/privacy.ts'

export const GET = chatRoute(async () => {
  const receipt = await readReceipt((await cookies()).get(receiptCookie)?.value)
  if (receipt === undefined) throw new SessionError('not_found', 'There is no receipt here.')
  return Response.json(receipt, {
    headers: { 'Content-Disposition': 'attachment; filename="receipt.json"' },
  })
})
