import { mergeFacts } from '../context/facts.js'
import { type FactInput, toFact } from '../domain/facts.js'
import type { Fact } from '../domain/session-body.js'
import type { Redaction } from '../service/redaction.js'
import { storeAfter } from '../service/store-after.js'
import type { LiveSession } from '../service/live-session.js'

/** Remembers facts; a newer fact on the same subject replaces the older one. @throws `invalid` */
export async function rememberFacts(
  live: LiveSession,
  facts: readonly FactInput[],
): Promise<readonly Fact[]> {
  const made = facts.map((fact, index) => toFact(fact, Date.now(), `facts[${index}]`))
  const { redaction } = live.service
  const told = redaction === undefined ? made : await storeAfter(live, redactedFacts(redaction, made))
  const { body } = await live.update((before) => ({ ...before, facts: mergeFacts(before.facts, told) }))
  return body.facts
}

/** Before they are merged: a fact replaces the one whose subject is the same after redaction. */
export async function redactedFacts(
  redaction: Redaction | undefined,
  facts: readonly Fact[],
): Promise<readonly Fact[]> {
  if (redaction === undefined) return facts
  const made: Fact[] = []
  for (const fact of facts) {
    const { text, subject } = fact
    made.push({
      ...fact,
      text: await redaction.text(text, 'facts.text'),
      ...(subject === undefined ? {} : { subject: await redaction.title(subject, 'facts.subject') }),
    })
  }
  return made
}

/** Forgets a fact; does nothing when the fact does not exist. */
export async function forgetFact(live: LiveSession, factId: string): Promise<readonly Fact[]> {
  const { body } = await live.update((before) => {
    const facts = before.facts.filter((fact) => fact.id !== factId)
    return facts.length === before.facts.length ? before : { ...before, facts }
  })
  return body.facts
}
