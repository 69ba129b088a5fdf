import * as fc from 'fast-check'
import type { Message, Role } from '../../src/domain/message.js'
import type { MessagePart } from '../../src/domain/part.js'
import { estimateTokens } from '../../src/context/token-count.js'

export type Entry = readonly [Role, string | readonly MessagePart[], Partial<Message>?]

/** Messages with dense seqs from 1, a minute apart, tokens stamped as the service does. */
export function log(...entries: Entry[]): Message[] {
  return entries.map(([role, content, more], index) => ({
    seq: index + 1,
    id: `m${index + 1}`,
    role,
    content,
    at: Date.UTC(2026, 0, 1) + index * 60_000,
    tokens: estimateTokens({ role, content }),
    status: 'completed',
    ...more,
  }))
}

export const call = (toolCallId: string, toolName = 'lookUp'): MessagePart => ({
  type: 'tool-call',
  toolCallId,
  toolName,
  input: { q: toolCallId },
})
export const result = (toolCallId: string, output = 'found'): MessagePart => ({
  type: 'tool-result',
  toolCallId,
  output,
})
export const text = (said: string): MessagePart => ({ type: 'text', text: said })
export const reasoning = (thought: string): MessagePart => ({ type: 'reasoning', text: thought })

const words = fc.stringMatching(/^[a-z ]{0,60}$/)
const ids = fc.constantFrom('a', 'b', 'c', 'a-2')
const part = fc.oneof(
  { weight: 2, arbitrary: words.map(text) },
  { weight: 3, arbitrary: ids.map((id) => call(id)) },
  { weight: 3, arbitrary: fc.tuple(ids, words).map(([id, output]) => result(id, output)) },
  words.map(reasoning),
  fc.constant<MessagePart>({ type: 'source', url: 'https://example.com' }),
)
const role = fc.constantFrom<Role>('user', 'assistant', 'assistant', 'tool', 'system')
const status = fc.constantFrom<Message['status']>(
  'completed',
  'completed',
  'completed',
  'failed',
  'aborted',
  'corrupt',
)
const entry = fc.oneof(
  fc.tuple(role, words, status),
  fc.tuple(role, fc.array(part, { minLength: 1, maxLength: 5 }), status),
)

/** Any log at all, valid or not: parts of every kind anywhere, ids used twice, results before their calls. */
export const anyHistory = fc
  .array(entry, { maxLength: 30 })
  .map((entries) => log(...entries.map(([role, content, status]) => [role, content, { status }] as const)))

/** A well-formed log of turns, some with tools in parallel and reasoning. */
const turn = fc.record({
  asked: words,
  answered: words,
  steps: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
})
export const realHistory = fc.array(turn, { minLength: 1, maxLength: 12 }).map((turns) => {
  const entries: [Role, string | MessagePart[]][] = []
  let calls = 0
  for (const { asked, answered, steps } of turns) {
    entries.push(['user', `q ${asked}`])
    for (const parallel of steps) {
      const ids = Array.from({ length: parallel }, () => `call-${calls++}`)
      entries.push(['assistant', [reasoning('hm'), ...ids.map((id) => call(id))]])
      for (const id of ids) entries.push(['tool', [result(id)]])
    }
    entries.push(['assistant', `a ${answered}`])
  }
  return log(...entries)
})
