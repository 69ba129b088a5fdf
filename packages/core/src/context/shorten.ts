import { isJsonObject, type JsonValue } from '../json.js'
import type { MessagePart } from '../domain/part.js'
import type { CountTokens } from './token-count.js'

/**
 * A tool's result with the beginning of its output, when it takes more than `maxTokens`: one long result must not push
 * out the conversation, or itself. The log keeps the whole result. `tokens` is the count of the whole, if known.
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
  // First in proportion, then by halves: counters differ, and the loop must end.
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
