'use client'

export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <main className="lone-page" id="main" tabIndex={-1}>
      <a className="wordmark" href="/">
        Blotter
      </a>
      <h1>Something went wrong here</h1>
      <p className="lead">It is our fault, not yours. What you have said is kept.</p>
      <p>
        <button type="button" className="primary" onClick={reset}>
          Try again
        </button>
      </p>
    </main>
  )
}
