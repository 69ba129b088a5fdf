export interface StoreUnavailableProps {
  readonly href: string
  /** What does not answer (default: the store). */
  readonly what?: 'store' | 'search'
}

/** Shown when the store, or the search, cannot be reached. */
export function StoreUnavailable({ href, what = 'store' }: StoreUnavailableProps) {
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page">
        <h1>The drawer is stuck</h1>
        <p className="lead">
          {what === 'store' ? 'The place where conversations are kept' : 'The search'} cannot be reached right
          now. Nothing is lost; it is only out of reach for a moment.
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
