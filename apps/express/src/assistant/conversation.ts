import type { JsonObject, JsonValue } from '@sessions/core'
import { z } from 'zod'
import { filtersSchema } from '../catalogue/search.js'

const conversationSchema = z.object({
  /** Skus of the last list, in its order: what `the second one` means. */
  shown: z.array(z.string()).catch([]),
  /** The last mentioned sku: what `it` means. */
  focus: z.string().optional().catch(undefined),
  /** The last search: what `something cheaper` starts from. */
  filters: filtersSchema.optional().catch(undefined),
  /** How many products of that search came before the shown ones. */
  offset: z.int().min(0).catch(0),
})

/** The state of the conversation. It is stored in the state of the session, so a follow-up works after a restart. */
export type Conversation = z.infer<typeof conversationSchema>

export const newConversation: Conversation = { shown: [], offset: 0 }

/** The conversation in the state of a session; any other content of the state still gives a usable one. */
export function readConversation(state: JsonObject): Conversation {
  return conversationSchema.catch(newConversation).parse(state['shopping'] ?? {})
}

/** The state of a session with the conversation in it; its other fields stay. */
export function writeConversation(state: JsonObject, conversation: Conversation): JsonObject {
  // Through JSON, because absent is `undefined` here and no key there.
  return { ...state, shopping: JSON.parse(JSON.stringify(conversation)) as JsonValue }
}
