import { NewChat } from '../../ui/conversation/new-chat.tsx'
import { NothingKept } from '../../ui/conversation/nothing-kept.tsx'
import { readKeeps } from '../../ui/privacy/reading.ts'
import { FoundPage } from '../../ui/sessions/found-page.tsx'
import { OlderPage } from '../../ui/sessions/older-page.tsx'

type Query = Promise<Readonly<Record<string, string | string[] | undefined>>>

export default async function StartPage({ searchParams }: { searchParams: Query }) {
  const { q, older, further } = await searchParams
  if (typeof q === 'string' && q.trim() !== '') {
    const cursor = typeof further === 'string' ? { cursor: further } : {}
    return <FoundPage query={q.trim().slice(0, 200)} {...cursor} />
  }
  if (typeof older === 'string') return <OlderPage cursor={older} />
  if (!(await readKeeps())) return <NothingKept />
  return (
    <>
      <NewChat />
      <noscript>
        <p className="no-script">
          Writing needs JavaScript. Without it, you can read and search the conversations you have had.
        </p>
      </noscript>
    </>
  )
}
