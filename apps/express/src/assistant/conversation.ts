import type { JsonObject, JsonValue } from '@sessions/core'
import { z } from 'zod'
import { filtersSchema } from '../catalogue/search.js'

const conversationSchema = z.object({
  /** Skus of the list that was shown last, in its order: what `the second one` means. */
  shown: z.array(z.string()).catch([]),
  /** The sku that was last spoken of: what `it` means. */
  focus: z.string().optional().catch(undefined),
  /** What was searched for: what `something cheaper` starts from. */
  filters: filtersSchema.optional().catch(undefined),
  /** How many products of that search came before the ones that are shown. */
  offset: z.int().min(0).catch(0),
})

/** Where the conversation stands. It is kept in the state of the session, so a follow-up works after a restart. */
export type Conversation = z.infer<typeof conversationSchema>

export const newConversation: Conversation = { shown: [], offset: 0 }

/** What the state of a session says; whatever else wrote there, this gives something usable. */
export function readConversation(state: JsonObject): Conversation {
  return conversationSchema.catch(newConversation).parse(state['shopping'] ?? {})
}

/** The state of a session with the conversation in it, beside whatever else it holds. */
export function writeConversation(state: JsonObject, conversation: Conversation): JsonObject {
  // Through JSON, for absent is `undefined` here and no key at all there.
  return { ...state, shopping: JSON.parse(JSON.stringify(conversation)) as JsonValue }
}
