import { z } from 'zod'
import { guestOf } from '../../../../../server/caller.ts'
import { formRoute, goTo, readForm } from '../../../../../server/chat-route.ts'
import { guestCookieOf, guestCookieOptions, isSecure } from '../../../../../server/guest.ts'
import { keeping } from '../../../../../server/keeping.ts'
import { eraseGuest, receiptCookie, toReceiptToken } from '../../../../../server/privacy.ts'

const formSchema = z.strictObject({ sure: z.literal('yes') })

export const POST = formRoute('/privacy', async (request) => {
  await readForm(request, formSchema)
  const receipt = await eraseGuest(guestOf(request))
  const response = goTo('/privacy')
  const options = guestCookieOptions(isSecure(request.headers))
  response.cookies.set(guestCookieOf(request.headers), '', { ...options, maxAge: 0 })
  response.cookies.set(receiptCookie, toReceiptToken(receipt), {
    ...options,
    maxAge: Math.round(keeping.fenceMs / 1000),
  })
  return response
})
