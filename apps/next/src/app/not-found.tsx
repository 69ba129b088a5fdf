export default function NotFound() {
  return (
    <main className="lone-page" id="main" tabIndex={-1}>
      <a className="wordmark" href="/">
        Blotter
      </a>
      <h1>There is nothing here</h1>
      <p className="lead">The address leads nowhere. It may have been cut short on its way to you.</p>
      <p>
        <a className="button primary" href="/">
          To your conversations
        </a>
      </p>
    </main>
  )
}
