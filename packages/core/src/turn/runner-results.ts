import type { TurnPart } from './part.js'

/**
 * The results of the tools that a runner of an SDK has run, which it keeps in its messages: it tells of the calls alone.
 * These are `toolRunner` of Anthropic, and `runTools` of OpenAI.
 */
export class RunnerResults {
  readonly #runner: object
  /** The calls that have no result yet. */
  readonly #open = new Set<unknown>()
  #seen = 0

  constructor(answer: unknown) {
    this.#runner = typeof answer === 'object' && answer !== null ? answer : {}
  }

  saw(part: TurnPart): void {
    if (part.type === 'tool-call') this.#open.add(part.toolCallId)
    if (part.type === 'tool-result') this.#open.delete(part.toolCallId)
  }

  /** The results, since the last time, of calls that were told. */
  next(): object[] {
    if (this.#open.size === 0) return []
    const messages = messagesOf(this.#runner)
    const results = messages.slice(this.#seen).flatMap(resultsIn)
    this.#seen = messages.length
    // The newest is of this call: some models use an id again, and a runner has the messages of before, too.
    return results
      .toReversed()
      .filter((result) => this.#open.delete(result.toolCallId))
      .toReversed()
  }
}

type Fields = Readonly<Record<string, unknown>>

function messagesOf(runner: { readonly messages?: unknown; readonly params?: unknown }): readonly unknown[] {
  const { messages = (runner.params as Fields | undefined)?.['messages'] } = runner
  return Array.isArray(messages) ? messages : []
}

function resultsIn(message: unknown): (Fields & { readonly toolCallId: unknown })[] {
  const { role, content, tool_call_id: toolCallId } = (message ?? {}) as Fields
  if (role === 'tool') return [{ type: 'tool-result', toolCallId, output: content }]
  if (role !== 'user' || !Array.isArray(content)) return []
  return (content as readonly Fields[]).flatMap(({ type, tool_use_id, content: output, is_error }) => {
    if (type !== 'tool_result') return []
    const failed = is_error === true ? { isError: true } : {}
    return [{ type: 'tool-result', toolCallId: tool_use_id, output, ...failed }]
  })
}
