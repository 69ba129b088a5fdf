'use client'

import { createContext, use, useEffect, useState, useSyncExternalStore } from 'react'
import { Conversation, type ConversationView, type Opening } from './conversation.ts'

export const ConversationContext = createContext<Conversation | undefined>(undefined)

/** The conversation of a page, beginning with the data that the server rendered. */
export function useOpenedConversation(opening: Opening): Conversation {
  const [conversation] = useState(() => new Conversation(opening))
  useEffect(() => {
    conversation.start()
    return () => conversation.stop()
  }, [conversation])
  return conversation
}

/** The conversation of the surrounding page. */
export function useConversation(): { conversation: Conversation; view: ConversationView } {
  const conversation = use(ConversationContext)
  if (conversation === undefined) throw new Error('There is no conversation around this.')
  const view = useSyncExternalStore(conversation.subscribe, conversation.view, conversation.view)
  return { conversation, view }
}
