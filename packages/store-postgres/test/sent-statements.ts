import type pg from 'pg'

/** What goes over the wire from a pool. */
export interface SentStatements {
  texts: string[]
  /** Called before a statement is sent. */
  onSend?: (text: string) => void
}

/** Notes the text of every statement that a pool sends. */
export function noteStatements(pool: pg.Pool): SentStatements {
  const sent: SentStatements = { texts: [] }
  const noting = new WeakSet<object>()
  pool.on('acquire', (client) => {
    if (noting.has(client)) return
    noting.add(client)
    const query = client.query.bind(client) as (...given: unknown[]) => unknown
    client.query = ((...given: [string | { text: string }]) => {
      const text = typeof given[0] === 'string' ? given[0] : given[0].text
      sent.texts.push(text)
      sent.onSend?.(text)
      return query(...given)
    }) as never
  })
  return sent
}
