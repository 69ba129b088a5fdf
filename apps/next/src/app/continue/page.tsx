import type { Metadata } from 'next'
import { ContinueHere } from '../../ui/transfer/continue-here.tsx'

export const metadata: Metadata = { title: 'Continue here', robots: { index: false } }

export default function ContinuePage() {
  return (
    <main className="lone-page" id="main" tabIndex={-1}>
      <a className="wordmark" href="/">
        Blotter
      </a>
      <ContinueHere />
      <noscript>
        <h1>Continue here</h1>
        <p className="lead">
          This needs JavaScript: what opens the conversation never leaves the address bar otherwise.
        </p>
      </noscript>
    </main>
  )
}
