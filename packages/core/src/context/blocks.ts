import { type Role, textOf } from '../domain/message.js'
import type { Fact, Summary } from '../domain/session-body.js'
import type { MessageGroup, ModelMessage } from './groups.js'

/**
 * What the model is told besides the log. It speaks as the user, never as the system: most of it is what a user said,
 * and must not gain authority on the way.
 */
export interface ContextBlock {
  readonly role: Role
  readonly content: string
}

const block = (heading: string, lines: readonly string[]): ContextBlock => ({
  role: 'user',
  content: `${heading}\n${lines.join('\n')}`,
})

export function factsBlock(facts: readonly Fact[]): ContextBlock {
  return block(
    '[Known facts]',
    facts.map((fact) => `- ${fact.text}`),
  )
}

export function summaryBlock(summaries: readonly Summary[]): ContextBlock {
  return block(
    '[Summary of the conversation so far]',
    summaries.map((summary) => summary.text),
  )
}

/** Groups quoted in the order they were said, under the day (UTC) they were said on. */
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

/** When a conversation starts with the assistant: some providers accept no other first speaker than the user. */
export const openerBlock: ContextBlock = block('[The assistant speaks first]', [])

/** What a group says, as text. */
export function quoteOf(group: MessageGroup): string {
  return group.messages.map((message) => `${message.name ?? message.role}: ${spoken(message)}`).join('\n')
}

function spoken(message: ModelMessage): string {
  if (typeof message.content === 'string') return message.content
  const results = message.content.flatMap((part) =>
    part.type === 'tool-result' ? [JSON.stringify(part['output'])] : [],
  )
  return [textOf(message), ...results].filter((text) => text !== '').join(' ')
}

function dayOf(at: number): string {
  // A clock beyond what a Date can hold is no reason to fail a turn.
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString().slice(0, 10) : 'undated'
}
