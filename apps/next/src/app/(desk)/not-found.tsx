export default function NotFound() {
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page">
        <h1>There is no such conversation</h1>
        <p className="lead">
          It was deleted, it has expired after a long silence, or it is on somebody else’s desk. The list has
          those that are yours.
        </p>
        <p>
          <a className="button primary" href="/">
            Start a new one
          </a>
        </p>
      </div>
    </main>
  )
}
