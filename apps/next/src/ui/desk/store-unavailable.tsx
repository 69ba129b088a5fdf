/** Shown when the store cannot be reached. */
export function StoreUnavailable({ href }: { href: string }) {
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page">
        <h1>The drawer is stuck</h1>
        <p className="lead">
          The place where conversations are kept cannot be reached right now. Nothing is lost; it is only out
          of reach for a moment.
        </p>
        <p>
          <a className="button primary" href={href}>
            Try again
          </a>
        </p>
      </div>
    </main>
  )
}
