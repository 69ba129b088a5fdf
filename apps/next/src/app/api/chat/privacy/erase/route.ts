import { z } from 'zod'
import { guestOf } from '../../../../../server/caller.ts'
import { formRoute, goTo, readForm } from '../../../../../server/chat-route.ts'
import { guestCookie, guestCookieOptions } from '../../../../../server/guest.ts'
import { keeping } from '../../../../../server/keeping.ts'
import { eraseGuest, receiptCookie, toReceiptToken } from '../../../../../server/privacy.ts'

const formSchema = z.strictObject({ sure: z.literal('yes') })

export const POST = formRoute('/privacy', async (request) => {
  await readForm(request, formSchema)
  const receipt = await eraseGuest(guestOf(request))
  const response = goTo('/privacy')
  const options = guestCookieOptions(request.headers.get('x-forwarded-proto') === 'https')
  response.cookies.set(guestCookie, '', { ...options, maxAge: 0 })
  response.cookies.set(receiptCookie, toReceiptToken(receipt), {
    ...options,
    maxAge: Math.round(keeping.fenceMs / 1000),
  })
  return response
})
