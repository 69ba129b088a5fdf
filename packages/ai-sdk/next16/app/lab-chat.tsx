'use client'
import { useChat } from '@ai-sdk/react'
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses, type UIMessage } from 'ai'
import { useEffect } from 'react'

interface LabProps {
  id: string
  branches: number
  messages: UIMessage[]
}

/** Hands what useChat gives to the test, which clicks and reads as a page of any shape would. */
export function Lab({ id, branches, messages }: LabProps) {
  const chat = useChat({
    id,
    messages,
    resume: true,
    transport: new DefaultChatTransport({ api: '/api/lab/chat' }),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  })
  useEffect(() => {
    Object.assign(window, { chat })
  })
  return (
    <main data-status={chat.status} data-error={chat.error?.message} data-branches={branches}>
      {JSON.stringify(chat.messages)}
    </main>
  )
}
