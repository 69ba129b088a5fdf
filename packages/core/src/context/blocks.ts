import { textOf, type Role } from '../domain/message.js'
import { readsAsRole } from '../domain/role-name.js'
import type { Fact, Summary } from '../domain/session-body.js'
import type { JsonValue } from '../json.js'
import type { MessageGroup, ModelMessage } from './groups.js'

/**
 * Texts that the model gets in addition to the log. What a user has said has the role of the user, never of the system:
 * it must not gain authority.
 */
export interface ContextBlock {
  readonly role: Role
  readonly content: string
}

const block = (heading: string, lines: readonly string[]): ContextBlock => ({
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

/** Groups quoted in the order of the log, each under its day (UTC). */
export function recallBlock(groups: readonly MessageGroup[]): ContextBlock {
  const lines: string[] = []
  let day = ''
  for (const group of groups) {
    const said = dayOf(group.at)
    if (said !== day) lines.push(`(${said})`)
    day = said
    lines.push(quoteOf(group))
  }
  return block('[From earlier in this conversation]', lines)
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

/**
 * The text of a group: one line for each message, which begins with its role. A name stands in brackets after the
 * role, and a line break is written as `\n`, so no text and no name can read as a line of another speaker.
 */
export function quoteOf(group: MessageGroup): string {
  return group.messages
    .map((message) => `${message.role}${nameOf(message)}: ${onOneLine(spoken(message))}`)
    .join('\n')
}

/** Whether a quote of the text differs from the text. */
export function isOneLine(text: string): boolean {
  return !lineBreak.test(text)
}

// Everything that some reader takes for a line end.
const lineBreak = /[\n\r\v\f\u0085\u2028\u2029]/
const lineBreaks = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g

function onOneLine(text: string): string {
  return lineBreak.test(text) ? text.replaceAll(lineBreaks, '\\n') : text
}

const longestName = 60

function nameOf({ name }: ModelMessage): string {
  if (name === undefined) return ''
  const shown = onOneLine(name.slice(0, longestName))
    .replaceAll(/[():[\]]/g, ' ')
    .trim()
  return shown === '' || readsAsRole(shown, /[^\p{L}]/gu) ? '' : ` (${shown})`
}

function spoken(message: ModelMessage): string {
  if (typeof message.content === 'string') return message.content
  const results = message.content.flatMap((part) =>
    part.type === 'tool-result' ? [JSON.stringify(part['output'])] : [],
  )
  return [textOf(message), ...results].filter((text) => text !== '').join(' ')
}

function dayOf(at: number): string {
  // A time that a Date cannot hold must not fail a turn.
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString().slice(0, 10) : 'undated'
}
