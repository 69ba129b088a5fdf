import { getSession } from '@sessions/next'
import { Suspense } from 'react'
import { chat } from '../../../lib/chat'

async function Found({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const session = await getSession(chat, id)
  return <p>found: {session.record.lastSeq} messages</p>
}

export default function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Suspense>
      <Found params={params} />
    </Suspense>
  )
}
