import { textOf } from '../domain/message.js'
import { readsAsRole } from '../domain/role-name.js'
import { block, type ContextBlock, onOneLine } from './blocks.js'
import type { MessageGroup, ModelMessage } from './groups.js'

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
 * The text of a group: one line for each message, which begins with its role. A name stands in brackets after the
 * role, and a line break is written as `\n`, so no text and no name can read as a line of another speaker.
 */
export function quoteOf(group: MessageGroup): string {
  return group.messages
    .map((message) => `${message.role}${nameOf(message)}: ${onOneLine(spoken(message))}`)
    .join('\n')
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
