import { checkOptions, type OptionNames } from '@sessions/core/node'
import { convertToModelMessages, type ModelMessage, toolModelMessageSchema, type ToolSet } from 'ai'
import { checkToolSet } from './check-tool-set.js'
import type { KeptMessage, KeptPart } from './kept-part.js'
import { isObject } from './kept-part.js'
import { toUIMessages } from './to-ui-messages.js'

/** Options of `toModelMessages`. */
export interface ToModelMessagesOptions {
  /** The tools of the model: what their `toModelOutput` makes of a result is what the model gets (default: none). */
  tools?: ToolSet | undefined
  /** What a model is told of a data part (default: nothing). */
  convertDataPart?: NonNullable<Parameters<typeof convertToModelMessages>[1]>['convertDataPart']
}

const optionNames: OptionNames<ToModelMessagesOptions> = { tools: true, convertDataPart: 'function' }

/**
 * Messages of a context, or of a log, for `streamText` and `generateText`. Pure.
 *
 * @throws `invalid` for what is no list of messages of a session, and with the path of a wrong option.
 */
export async function toModelMessages(
  messages: readonly KeptMessage[],
  options: ToModelMessagesOptions = {},
): Promise<ModelMessage[]> {
  checkOptions(options, optionNames)
  checkToolSet(options.tools)
  const shown = await toUIMessages(messages)
  const made = madeIn(messages)
  if (made.size === 0) return convertToModelMessages(shown, options as object)
  const { tools = {} } = options
  const converted = await convertToModelMessages(shown, { ...options, tools: around(tools, made) } as object)
  return converted.map((message) => ({ ...message, content: withMade(message, made) }) as ModelMessage)
}

/** By the ids of their calls: results that stand in the log as a model was told of them, such as those of `fromResponse`. */
function madeIn(messages: readonly KeptMessage[]): ReadonlyMap<unknown, object> {
  const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  return new Map((parts as readonly KeptPart[]).flatMap(madeOf))
}

const kinds: readonly unknown[] = ['text', 'json', 'content']

function madeOf({ type, toolCallId, output, isError }: KeptPart): (readonly [unknown, object])[] {
  if (type !== 'tool-result' || isError === true || !isObject(output) || !kinds.includes(output['type']))
    return []
  const result = { type, toolCallId, toolName: 'any', output }
  const { success } = toolModelMessageSchema.safeParse({ role: 'tool', content: [result] })
  return success ? [[toolCallId, output]] : []
}

/** The tools, which make nothing of a result that is made already. */
function around(tools: ToolSet, made: ReadonlyMap<unknown, object>): ToolSet {
  const wrapped = Object.entries(tools).map(([name, tool]) => {
    const { toModelOutput } = tool
    if (toModelOutput === undefined) return [name, tool]
    const unless = (result: Parameters<typeof toModelOutput>[0]): unknown =>
      made.get(result.toolCallId) ?? toModelOutput(result)
    return [name, { ...tool, toModelOutput: unless }]
  })
  return Object.fromEntries(wrapped) as ToolSet
}

function withMade({ content }: ModelMessage, made: ReadonlyMap<unknown, object>): ModelMessage['content'] {
  if (typeof content === 'string') return content
  return content.map((part) => {
    const output = part.type === 'tool-result' ? made.get(part.toolCallId) : undefined
    return output === undefined ? part : { ...part, output }
  }) as ModelMessage['content']
}
