import type { ToolDescription, TurnContext } from '@sessions/core'
import {
  jsonSchema,
  type LanguageModel,
  stepCountIs,
  streamText,
  type TextStreamPart,
  tool,
  type ToolSet,
} from 'ai'
import { checkModel, checkRespondWith } from './check-respond-with.js'
import type { KeptMessage } from './kept-part.js'
import type { OfTurn, RespondWithOptions } from './respond-with-options.js'
import { toModelMessages } from './to-model-messages.js'
import { spokenParts } from './to-ui-messages.js'

const maxSteps = 8

/**
 * Answers a turn by `streamText`: `session.turn(input, respondWith(model))`. The SDK runs the tools that have `execute`,
 * in at most eight steps unless `stopWhen` says otherwise; the turn runs its own.
 *
 * @param model The model, or what chooses it for a turn.
 * @throws `invalid` with the path of a wrong option.
 */
export function respondWith(
  model: OfTurn<LanguageModel>,
  options: RespondWithOptions = {},
): (turn: TurnContext) => AsyncGenerator<object, void, undefined> {
  checkModel(model)
  checkRespondWith(options)
  return async function* (turn) {
    const { system, tools: given, context, messageMetadata, convertDataPart, ...settings } = options
    const [chosen, instructions, own] = await Promise.all([
      of(turn, model),
      of(turn, system),
      of(turn, given),
    ])
    const tools = { ...own, ...toToolSet(turn.tools) }
    const instructed = instructions === undefined ? {} : { system: instructions }
    const { messages } = await turn.context({ maxTokens: 16_000, ...context, ...instructed })
    const answer = streamText({
      stopWhen: stepCountIs(maxSteps),
      // An error ends the turn, and the turn reports it.
      onError: () => {},
      ...(settings as object),
      model: chosen,
      tools,
      messages: await toModelMessages(messages, { tools, convertDataPart }),
      allowSystemInMessages: true,
      abortSignal: turn.signal,
    })
    const parts = new TurnParts(tools, turn.steps)
    for await (const part of answer.fullStream) {
      const metadata = messageMetadata?.({ part })
      const isNews = metadata !== undefined && metadata !== null
      if (isNews) yield { type: 'ui-chunk', chunk: { type: 'message-metadata', messageMetadata: metadata } }
      if (part.type === 'error') throw part.error
      yield parts.of(part)
    }
  }
}

/** Parts of the SDK's stream as a turn takes them: it reads most of them itself, and keeps the rest word for word. */
class TurnParts {
  readonly #tools: ToolSet
  /** The texts that go on. The SDK may use an id of a text again. */
  readonly #texts = new Map<string, string>()
  #count = 0
  /** Ids of the calls of the turn. The turn renames a call whose id was used before, as some models count in each step. */
  readonly #used: Set<unknown>
  /** By the model's id: the name of its newest call. */
  readonly #names = new Map<string, string>()
  /** By the model's id: how many calls had it. */
  readonly #counts = new Map<string, number>()

  constructor(tools: ToolSet, steps: TurnContext['steps']) {
    this.#tools = tools
    const parts = steps.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    this.#used = new Set(parts.flatMap(({ type, toolCallId }) => (type === 'tool-call' ? [toolCallId] : [])))
  }

  of(part: TextStreamPart<ToolSet> | SteeringMessage): object {
    switch (part.type) {
      case 'steering-message':
        return { type: part.type, id: part.id, parts: spokenParts(part.message.content) }
      case 'text-start':
      case 'reasoning-start':
        this.#texts.set(keyOf(part), String(this.#count++))
        return { ...part, id: this.#texts.get(keyOf(part)) }
      case 'text-delta':
      case 'reasoning-delta':
        return { ...part, id: this.#texts.get(keyOf(part)) }
      case 'text-end':
      case 'reasoning-end': {
        const type = part.type === 'text-end' ? 'text' : 'reasoning'
        return { ...part, type, id: this.#texts.get(keyOf(part)), text: '', state: 'done' }
      }
      case 'tool-input-start': {
        const { id, ...begun } = part
        return forPages({ ...begun, toolCallId: this.#begin(id), dynamic: this.#isDynamic(part) })
      }
      case 'tool-input-delta':
        return forPages({ type: part.type, toolCallId: this.#nameOf(part.id), inputTextDelta: part.delta })
      case 'tool-call':
        this.#used.add(this.#begin(part.toolCallId))
        return { ...part, dynamic: this.#isDynamic(part), error: undefined }
      case 'tool-result': {
        const { toolCallId, output, preliminary } = part
        if (preliminary !== true) return part
        return forPages({
          type: 'tool-output-available',
          toolCallId: this.#nameOf(toolCallId),
          output,
          preliminary,
        })
      }
      case 'tool-approval-request':
        return { ...part, toolCallId: this.#nameOf(part.toolCall.toolCallId), toolCall: undefined }
      case 'tool-output-denied':
        return { ...part, type: 'tool-result', output: { type: 'execution-denied' } }
      default:
        return part
    }
  }

  /** The name that the turn will give to a call that begins now. */
  #begin(id: string): string {
    let name = this.#nameOf(id)
    let count = this.#counts.get(id) ?? 1
    while (this.#used.has(name)) name = `${id}-${++count}`
    this.#names.set(id, name)
    this.#counts.set(id, count)
    return name
  }

  #nameOf(id: string): string {
    return this.#names.get(id) ?? id
  }

  /** The SDK calls a tool dynamic that it does not know, but says so only with the whole call. */
  #isDynamic({ toolName }: { toolName: string }): true | undefined {
    const known = Object.hasOwn(this.#tools, toolName) ? this.#tools[toolName] : undefined
    return known === undefined || known.type === 'dynamic' || undefined
  }
}

/** What a user adds to a running answer, which AI SDK 6 does not know. */
interface SteeringMessage {
  readonly type: 'steering-message'
  readonly id: string
  readonly message: KeptMessage
}

function keyOf({ type, id }: { type: string; id: string }): string {
  return type.slice(0, type.indexOf('-')) + id
}

/** A chunk that pages get at once, and that is not stored: what it is about comes whole. */
function forPages(chunk: object): object {
  return { type: 'ui-chunk', chunk, transient: true }
}

async function of<Value>(turn: TurnContext, value: OfTurn<Value>): Promise<Value> {
  return typeof value === 'function' ? (value as (turn: TurnContext) => Value)(turn) : value
}

/** Without `execute`: the turn runs them, and asks the model again. */
function toToolSet(tools: readonly ToolDescription[]): ToolSet {
  const described = tools.map(({ name, description, inputSchema = { type: 'object' } }) => {
    const told = description === undefined ? {} : { description }
    return [name, tool({ ...told, inputSchema: jsonSchema(inputSchema) })] as const
  })
  return Object.fromEntries(described) as unknown as ToolSet
}
