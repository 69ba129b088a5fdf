/** In place of a new conversation: the visitor does not allow that one is kept. */
export function NothingKept() {
  return (
    <main className="main" id="main" tabIndex={-1}>
      <div className="plain-page">
        <h1>Nothing is kept of you</h1>
        <p className="lead">
          That is how you want it. The clerk cannot answer then, because a conversation needs a place where it
          is kept.
        </p>
        <p>
          <a className="button primary" href="/privacy#storage">
            Change what you allow
          </a>
        </p>
      </div>
    </main>
  )
}
