import type { Metadata } from 'next'
import { StoreUnavailable } from '../../../ui/desk/store-unavailable.tsx'
import { readLook } from '../../../ui/look.ts'
import { KeptPage } from '../../../ui/privacy/kept-page.tsx'
import { readKept } from '../../../ui/privacy/reading.ts'

// Its forms are sent without a script, and without a referrer a browser does not say which page a form is of.
export const metadata: Metadata = { title: 'What we keep of you', referrer: 'same-origin' }

type Query = Promise<Readonly<Record<string, string | string[] | undefined>>>

export default async function PrivacyPage({ searchParams }: { searchParams: Query }) {
  const { older, problem, said, removed } = await searchParams
  const read = await readKept(typeof older === 'string' ? older : undefined)
  if (read.status !== 'ok') return <StoreUnavailable href="/privacy" />
  const { clock } = await readLook()
  return (
    <KeptPage
      view={read.value}
      clock={clock}
      problem={typeof problem === 'string' ? problem : undefined}
      decided={
        typeof said === 'string' && typeof removed === 'string' && /^\d{1,6}$/.test(removed)
          ? { purpose: said, removed: Number(removed) }
          : undefined
      }
    />
  )
}
