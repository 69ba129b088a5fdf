import { guestOf } from '../../../../../server/caller.ts'
import { chatRoute, readBody } from '../../../../../server/chat-route.ts'
import { linkSchema } from '../../../../../server/link-schema.ts'
import { describeLink } from '../../../../../server/transfers.ts'

export const POST = chatRoute(async (request) =>
  Response.json(await describeLink(guestOf(request), await readBody(request, linkSchema))),
)
