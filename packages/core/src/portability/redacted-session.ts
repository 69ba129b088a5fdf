import type { SessionBody } from '../domain/session-body.js'
import type { Redaction } from '../service/redaction.js'
import { redactedFacts } from '../session/facts.js'
import type { SessionLine } from './export-line.js'

/** A session as an export tells of it, with a body that was checked. Other software need not say its bytes. */
export interface ImportedSession extends Omit<SessionLine, 'bytes' | 'body'> {
  readonly bytes?: number
  readonly body: SessionBody
}

/** Its title and its body, with all texts redacted that are redacted in a new session. @throws `redaction_failed` */
export async function redactedSession(
  redaction: Redaction | undefined,
  { title, body }: ImportedSession,
): Promise<{ readonly title: string | undefined; readonly body: SessionBody }> {
  if (redaction === undefined) return { title, body }
  const summaries = []
  for (const summary of body.summaries) {
    summaries.push({ ...summary, text: await redaction.text(summary.text, 'summaries.text') })
  }
  return {
    title: title === undefined ? undefined : await redaction.title(title, 'title'),
    body: { ...(await redaction.body(body)), facts: await redactedFacts(redaction, body.facts), summaries },
  }
}
