import { getSession } from '@sessions/next'
import { cookies } from 'next/headers'
import { Suspense } from 'react'
import { chat } from '../../../../lib/chat'
import { fresh, look, plainLook } from '../../../actions/actions'
import { Controls } from '../../controls'

type Params = Promise<{ pair: string; place: string }>

async function Shown({ params }: { params: Params }) {
  const { pair, place } = await params
  const jar = await cookies()
  // Those without a session depend on the request all the same: the session is all that they differ in.
  const isKnown = pair === 'session' ? (await getSession(chat)).isStored : jar.has('sessions')
  return (
    <>
      <p id="shown">{JSON.stringify({ place, isKnown, rendering: crypto.randomUUID() })}</p>
      <Controls
        to={`/linked/${pair}/${place === 'one' ? 'two' : 'one'}`}
        actions={{ look, plainLook, fresh }}
      />
    </>
  )
}

/** Two pairs of pages: each leads to the other of its pair, and those of one pair read the session. */
export default function Page({ params }: { params: Params }) {
  return (
    <Suspense>
      <Shown params={params} />
    </Suspense>
  )
}
