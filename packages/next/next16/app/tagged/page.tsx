import { getSession, sessionCacheTag } from '@sessions/next'
import { cacheTag } from 'next/cache'
import { Suspense } from 'react'
import { codeOf } from '../../lib/answers'
import { chat } from '../../lib/chat'

async function greeting(tag: string) {
  'use cache'
  cacheTag(tag)
  return `cached at ${Date.now()}, session inside: ${await codeOf(() => getSession(chat))}`
}

async function Shown() {
  const tag = await sessionCacheTag(await getSession(chat))
  return <p id="shown">{JSON.stringify({ tag, greeting: await greeting(tag) })}</p>
}

export default function Page() {
  return (
    <Suspense>
      <Shown />
    </Suspense>
  )
}
