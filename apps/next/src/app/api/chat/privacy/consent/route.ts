import { z } from 'zod'
import { guestOf } from '../../../../../server/caller.ts'
import { formRoute, goTo, readForm } from '../../../../../server/chat-route.ts'
import { decide } from '../../../../../server/privacy.ts'

const granted = z.literal('yes').transform(() => true)
const denied = z.literal('no').transform(() => false)
const formSchema = z.union([
  z.strictObject({ purpose: z.literal('personalization'), granted: z.union([granted, denied]) }),
  z.strictObject({ purpose: z.literal('storage'), granted }),
  // This withdrawal deletes a lot, so the form has a box to tick.
  z.strictObject({ purpose: z.literal('storage'), granted: denied, sure: z.literal('yes') }),
])

export const POST = formRoute('/privacy', async (request) => {
  const { purpose, granted } = await readForm(request, formSchema)
  const removed = await decide(guestOf(request), purpose, granted)
  return goTo(`/privacy?said=${purpose}&removed=${removed}#${purpose}`)
})
