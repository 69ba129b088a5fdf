import { getSession } from '@sessions/next'
import { Suspense } from 'react'
import { chat } from '../../../lib/chat'

async function Found({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const session = await getSession(chat, id)
  const { messages } = await session.context({ maxTokens: 1000 })
  return (
    <p>
      found: {session.record.lastSeq} messages, the model would see {messages.length}
    </p>
  )
}

export default function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Suspense>
      <Found params={params} />
    </Suspense>
  )
}
