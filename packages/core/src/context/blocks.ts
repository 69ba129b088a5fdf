import type { Role } from '../domain/message.js'
import type { Fact, Summary } from '../domain/session-body.js'
import type { JsonValue } from '../json.js'

/**
 * Texts that the model gets in addition to the log. What a user has said has the role of the user, never of the system:
 * it must not gain authority.
 */
export interface ContextBlock {
  readonly role: Role
  readonly content: string
}

/** A heading, and what stands under it. */
export const block = (heading: string, lines: readonly string[]): ContextBlock => ({
  role: 'user',
  content: lines.length === 0 ? heading : `${heading}\n${lines.join('\n')}`,
})

export function factsBlock(facts: readonly Fact[]): ContextBlock {
  return block(
    '[Known facts]',
    facts.map((fact) => `- ${onOneLine(fact.text)}`),
  )
}

export function summaryBlock(summaries: readonly Summary[]): ContextBlock {
  return block(
    '[Summary of the conversation so far]',
    summaries.map((summary) => summary.text),
  )
}

/**
 * Data of the session, as JSON: that is one line, so nothing in it can pass for a heading or for another speaker's
 * words.
 */
export function dataBlock(heading: string, value: JsonValue): ContextBlock {
  return block(`[${heading}]`, [JSON.stringify(value)])
}

/** For a conversation that starts with the assistant: some providers require that the user speaks first. */
export const openerBlock: ContextBlock = block('[The assistant speaks first]', [])

/** Whether a quote of the text differs from the text. */
export function isOneLine(text: string): boolean {
  return !lineBreak.test(text)
}

// Everything that some reader takes for a line end.
const lineBreak = /[\n\r\v\f\u0085\u2028\u2029]/
const lineBreaks = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g

/** With each line break as `\n`. */
export function onOneLine(text: string): string {
  return lineBreak.test(text) ? text.replaceAll(lineBreaks, '\\n') : text
}
