import { isJsonObject, type JsonValue } from '../json.js'
import type { MessagePart } from '../domain/part.js'
import type { CountTokens } from './token-count.js'

/**
 * A tool's result with the beginning of its output, when it takes more than `maxTokens`: one page that a tool fetched
 * must not push out the conversation, or itself. The log keeps it whole. `tokens` is what all of it takes, where known.
 */
export function shortened(
  part: MessagePart,
  maxTokens: number,
  countTokens: CountTokens,
  tokens = countTokens({ role: 'tool', content: [part] }),
): MessagePart {
  if (part.type !== 'tool-result' || tokens <= maxTokens) return part
  const output = part['output']
  const text = textOfOutput(output)
  // In proportion first, then by halves: counters differ, and a cut must end.
  for (let length = Math.floor((text.length * maxTokens) / tokens); ; length = Math.floor(length / 2)) {
    const begin = text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
    const cut = `${begin}… [${text.length - begin.length} more characters left out]`
    const made = { ...part, output: isWrapped(output) ? { type: 'text', value: cut } : cut }
    if (length === 0 || countTokens({ role: 'tool', content: [made] }) <= maxTokens) return made
  }
}

/** The form in which the AI SDK writes outputs. */
function isWrapped(output: JsonValue): boolean {
  return isJsonObject(output) && typeof output['type'] === 'string' && 'value' in output
}

function textOfOutput(output: JsonValue): string {
  if (typeof output === 'string') return output
  const value = isJsonObject(output) ? output['value'] : undefined
  return isWrapped(output) && typeof value === 'string' ? value : JSON.stringify(output)
}
