import type pg from 'pg'

/** What goes over the wire from a pool. */
export interface SentStatements {
  texts: string[]
  /** Each by its verb, such as `append_one`; what has no name by its text. */
  verbs: string[]
  /** Called before a statement is sent. */
  onSend?: (text: string) => void
}

/** Notes the text of every statement that a pool sends. */
export function noteStatements(pool: pg.Pool): SentStatements {
  const sent: SentStatements = { texts: [], verbs: [] }
  const noting = new WeakSet<object>()
  pool.on('acquire', (client) => {
    if (noting.has(client)) return
    noting.add(client)
    const query = client.query.bind(client) as (...given: unknown[]) => unknown
    client.query = ((...given: [string | { text: string; name?: string }]) => {
      const { text, name } = typeof given[0] === 'string' ? { text: given[0] } : given[0]
      sent.texts.push(text)
      sent.verbs.push(
        /^sessions_(\w+)_[0-9a-f]{16}$/.exec(name ?? '')?.[1] ?? text.replace(/^begin .*/, 'begin'),
      )
      sent.onSend?.(text)
      return query(...given)
    }) as never
  })
  return sent
}
