import { getSession } from '@sessions/next'
import { cookies } from 'next/headers'
import { Suspense } from 'react'
import { chat } from '../../lib/chat'

async function Shown() {
  const session = await getSession(chat)
  const credential = (await cookies()).get('sessions')?.value
  return <p id="shown">{JSON.stringify({ id: session.isStored ? session.id : null, credential })}</p>
}

export default function Page() {
  return (
    <Suspense>
      <Shown />
    </Suspense>
  )
}
