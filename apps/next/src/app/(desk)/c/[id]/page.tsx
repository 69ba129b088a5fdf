import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { Chat } from '../../../../ui/conversation/chat.tsx'
import { StoreUnavailable } from '../../../../ui/desk/store-unavailable.tsx'
import { readConversation, readTitle } from '../../../../ui/reading.ts'

interface PageProps {
  readonly params: Promise<{ readonly id: string }>
  readonly searchParams: Promise<Readonly<Record<string, string | string[] | undefined>>>
}

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  return { title: await readTitle((await params).id) }
}

export default async function ConversationPage({ params, searchParams }: PageProps) {
  const { id } = await params
  const { before } = await searchParams
  const seq = typeof before === 'string' && /^\d{1,15}$/.test(before) ? Number(before) : undefined
  const read = await readConversation(id, seq)
  if (read.status !== 'ok') {
    if (read.status === 'missing') notFound()
    return <StoreUnavailable href={`/c/${id}`} />
  }
  return (
    <>
      <Chat key={`${id} ${seq}`} opening={read.value} isOlderPage={seq !== undefined} />
      <noscript>
        <p className="no-script">
          Reading works without JavaScript; answering, editing and the cart need it.
        </p>
      </noscript>
    </>
  )
}
