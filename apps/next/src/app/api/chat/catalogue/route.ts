import { chatRoute } from '../../../../server/chat-route.ts'
import { catalogue } from '../../../../server/catalogue.ts'

export const GET = chatRoute(async () => Response.json({ products: catalogue }))
