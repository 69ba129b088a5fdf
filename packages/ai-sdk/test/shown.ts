import { createSessions, type MessageInput, type MessagePart } from '@sessions/core'
import { validateUIMessages } from 'ai'
import { toModelMessages, toUIMessages } from '../src/index.js'

/** What a page and a model get of the content of a message, beside its text. */
export async function shown(content: MessageInput['content']) {
  const session = await createSessions().for({ tenantId: 'acme', userId: 'alice' }).create()
  await session.append({
    role: 'user',
    content: [{ type: 'text', text: 'Look' }, ...(content as MessagePart[])],
  })
  const messages = await toUIMessages(await session.allMessages())
  await validateUIMessages({ messages })
  const { messages: seen } = await session.context({ maxTokens: 16_000 })
  const [asked] = await toModelMessages(seen)
  return { page: messages[0]!.parts.slice(1), model: (asked!.content as object[]).slice(1) }
}
