import type { Role } from '../../src/domain/message.js'
import type { MessagePart } from '../../src/domain/part.js'

/** What the APIs of OpenAI, Anthropic, Gemini and Mistral refuse with a 400, checked on messages in this library's form. */
interface Sent {
  readonly role: Role
  readonly content: string | readonly MessagePart[]
}

interface Turn {
  role: 'user' | 'assistant'
  parts: MessagePart[]
}

export function providerProblems(messages: readonly Sent[]): string[] {
  return [
    ...openAiProblems(messages),
    ...anthropicProblems(messages),
    ...geminiProblems(messages),
    ...mistralProblems(messages),
  ]
}

/** After results of tools an answer, or more results. */
export function mistralProblems(messages: readonly Sent[]): string[] {
  return messages.flatMap(({ role }, index) =>
    role !== 'assistant' && role !== 'tool' && messages[index - 1]?.role === 'tool'
      ? [`mistral: message ${index} of a ${role} comes right after a result`]
      : [],
  )
}

/** Every call is answered at once, by one tool message part each, before anything else; no answer without a call. */
export function openAiProblems(messages: readonly Sent[]): string[] {
  const problems: string[] = []
  let waiting = new Set<string>()
  for (const [index, message] of messages.entries()) {
    const parts = partsOf(message)
    if (message.role === 'tool') {
      for (const part of parts) {
        if (part.type !== 'tool-result')
          problems.push(`openai: message ${index} is a tool's and holds ${part.type}`)
        else if (!waiting.delete(idOf(part))) problems.push(`openai: message ${index} answers no call`)
      }
      continue
    }
    if (waiting.size > 0)
      problems.push(`openai: message ${index} comes before the answers to ${[...waiting].join()}`)
    waiting = callsOf(parts)
    if (message.role !== 'assistant' && parts.some((part) => part.type.startsWith('tool-'))) {
      problems.push(`openai: message ${index} of a ${message.role} has tool parts`)
    }
    const next = messages[index + 1]
    if (parts.at(-1)?.type === 'reasoning' && next?.role !== 'assistant') {
      problems.push(`openai: message ${index} ends in reasoning that nothing follows`)
    }
  }
  if (waiting.size > 0) problems.push('openai: the last calls have no answer')
  return problems
}

/** A user first; calls answered at the start of the very next turn, all of them; unique ids; no blank text. */
export function anthropicProblems(messages: readonly Sent[]): string[] {
  const problems: string[] = []
  const turns = turnsOf(messages)
  const ids = new Set<string>()
  if (turns.length > 0 && turns[0]!.role !== 'user')
    problems.push("anthropic: the first turn is not a user's")
  for (const [index, turn] of turns.entries()) {
    const calls = turn.role === 'assistant' ? callsOf(turn.parts) : new Set<string>()
    for (const part of turn.parts) {
      if (part.type === 'text' && (part as { text: string }).text.trim() === '')
        problems.push(`anthropic: turn ${index} has blank text`)
      if (part.type !== 'tool-call') continue
      if (ids.has(idOf(part))) problems.push(`anthropic: id ${idOf(part)} is used twice`)
      ids.add(idOf(part))
    }
    const next = turns[index + 1]?.parts ?? []
    const answers = next.slice(0, calls.size).map(idOf)
    if (
      answers.length !== calls.size ||
      !answers.every((id) => calls.has(id)) ||
      new Set(answers).size !== calls.size
    ) {
      problems.push(`anthropic: the calls of turn ${index} are not answered in the next`)
    }
    if (turn.role !== 'user') continue
    const asked = index === 0 ? new Set<string>() : callsOf(turns[index - 1]!.parts)
    for (const part of turn.parts) {
      if (part.type === 'tool-result' && !asked.has(idOf(part)))
        problems.push(`anthropic: turn ${index} answers no call`)
    }
  }
  return problems
}

/** A user first; calls right after a user or a tool; as many answers as calls, in the very next content. */
export function geminiProblems(messages: readonly Sent[]): string[] {
  const problems: string[] = []
  const contents: { role: 'user' | 'model' | 'function'; parts: MessagePart[] }[] = []
  for (const message of messages) {
    if (message.role === 'system') continue
    const role = message.role === 'assistant' ? 'model' : message.role === 'tool' ? 'function' : 'user'
    const last = contents.at(-1)
    // Few convert a log otherwise than message by message.
    if (last?.role === role && role !== 'function') last.parts.push(...partsOf(message))
    else contents.push({ role, parts: [...partsOf(message)] })
  }
  if (contents.length > 0 && contents[0]!.role !== 'user')
    problems.push("gemini: the first content is not a user's")
  for (const [index, content] of contents.entries()) {
    const before = contents[index - 1]
    if (content.role === 'function') {
      const calls = before === undefined ? 0 : callsOf(before.parts).size
      if (calls !== content.parts.length)
        problems.push(`gemini: content ${index} has ${content.parts.length} answers to ${calls} calls`)
    } else if (content.role === 'model' && callsOf(content.parts).size > 0) {
      if (before === undefined) problems.push(`gemini: content ${index} calls before a user spoke`)
      if (contents[index + 1]?.role !== 'function')
        problems.push(`gemini: the calls of content ${index} have no answer`)
    }
  }
  return problems
}

function partsOf(message: Sent): readonly MessagePart[] {
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content
}

/** Calls that are answered elsewhere: a provider settles those of its own tools within the message. */
function callsOf(parts: readonly MessagePart[]): Set<string> {
  const calls = new Set<string>()
  for (const part of parts) {
    if (part.type === 'tool-call') calls.add(idOf(part))
    else if (part.type === 'tool-result') calls.delete(idOf(part))
  }
  return calls
}

function turnsOf(messages: readonly Sent[]): Turn[] {
  const turns: Turn[] = []
  for (const message of messages) {
    if (message.role === 'system') continue
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const last = turns.at(-1)
    if (last?.role === role) last.parts.push(...partsOf(message))
    else turns.push({ role, parts: [...partsOf(message)] })
  }
  return turns
}

function idOf(part: MessagePart): string {
  return String((part as { toolCallId?: string }).toolCallId)
}
