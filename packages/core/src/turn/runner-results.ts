import type { TurnPart } from './part.js'

/**
 * The results of the tools that a runner of an SDK has run, which it keeps in its messages: it tells of the calls alone.
 * These are `toolRunner` of Anthropic, and `runTools` of OpenAI.
 */
export class RunnerResults {
  readonly #runner: object
  /** The calls that have no result yet. */
  readonly #open = new Set<unknown>()
  /** How many messages were read. Those that are there with its first piece are of before: some models use an id again. */
  #seen: number | undefined

  constructor(answer: unknown) {
    this.#runner = Object(answer) as object
  }

  /** Whether it has messages, which all other answers have not. */
  get isRunner(): boolean {
    return messagesOf(this.#runner).length > 0
  }

  saw(part: TurnPart): void {
    if (part.type === 'tool-call') this.#open.add(part.toolCallId)
    if (part.type === 'tool-result') this.#open.delete(part.toolCallId)
  }

  /** The results, since the last time, of calls that were told. */
  next(): object[] {
    const messages = messagesOf(this.#runner)
    this.#seen ??= messages.length
    if (this.#open.size === 0) return []
    const results = messages.slice(this.#seen).flatMap(resultsIn)
    this.#seen = messages.length
    // The newest is of this call.
    const newest = new Map(results.map((result) => [result.toolCallId, result]))
    return [...newest.values()].filter(({ toolCallId }) => this.#open.delete(toolCallId))
  }
}

type Fields = Readonly<Record<string, unknown>>

function messagesOf(runner: { readonly messages?: unknown; readonly params?: unknown }): readonly unknown[] {
  const { messages = (runner.params as Fields | undefined)?.['messages'] } = runner
  return Array.isArray(messages) ? messages : []
}

function resultsIn(message: unknown): (Fields & { readonly toolCallId: unknown })[] {
  const { role, content, tool_call_id } = (message ?? {}) as Fields
  if (role === 'tool') return [{ type: 'tool-result', toolCallId: tool_call_id, output: content }]
  if (role !== 'user' || !Array.isArray(content)) return []
  return (content as readonly Fields[]).flatMap((block) =>
    block['type'] === 'tool_result' ? [{ ...block, toolCallId: block['tool_use_id'] }] : [],
  )
}
