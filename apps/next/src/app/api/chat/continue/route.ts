import { NextResponse } from 'next/server'
import { z } from 'zod'
import { guestOf } from '../../../../server/caller.ts'
import { chatRoute, readBody } from '../../../../server/chat-route.ts'
import { guestCookieOf, guestCookieOptions, isSecure, toGuestToken } from '../../../../server/guest.ts'
import { linkSchema } from '../../../../server/link-schema.ts'
import { continueHere } from '../../../../server/transfers.ts'

const bodySchema = linkSchema.extend({
  redemptionId: z.string().min(16).max(200),
  replace: z.boolean().optional(),
})

export const POST = chatRoute(async (request) => {
  const visitor = guestOf(request)
  const body = await readBody(request, bodySchema)
  const continued = await continueHere(request, body)
  if (continued.status !== 'redeemed') return Response.json(continued)
  const { guest, device, ...answer } = continued
  const response = NextResponse.json(answer)
  if (guest !== visitor) {
    const { headers } = request
    const options = guestCookieOptions(isSecure(headers))
    response.cookies.set(guestCookieOf(headers), toGuestToken(guest, device), options)
  }
  return response
})
