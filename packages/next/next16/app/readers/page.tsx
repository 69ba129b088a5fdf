import { getSession } from '@sessions/next'
import { Suspense } from 'react'
import { chat } from '../../lib/chat'

const places = Array.from({ length: 10 }, (_, place) => place)

async function Reader({ place }: { place: number }) {
  const session = await getSession(chat)
  const { record } = await session.read()
  const { items } = await session.cart.get()
  const state = await session.state.get()
  return (
    <li>
      {place}: {session.isStored ? 'stored' : 'none'}, {record.lastSeq} messages, {items.length} items,{' '}
      {JSON.stringify(state)}
    </li>
  )
}

async function History() {
  const session = await getSession(chat)
  const { messages } = await session.history()
  return <p>newest: {JSON.stringify(messages.at(-1)?.content)}</p>
}

export default async function Page({ searchParams }: { searchParams: Promise<{ history?: string }> }) {
  return (
    <ul>
      {places.map((place) => (
        <Suspense key={place}>
          <Reader place={place} />
        </Suspense>
      ))}
      <Suspense>
        <Histories wanted={searchParams} />
      </Suspense>
    </ul>
  )
}

async function Histories({ wanted }: { wanted: Promise<{ history?: string }> }) {
  if ((await wanted).history === undefined) return null
  return (
    <>
      <History />
      <History />
    </>
  )
}
