import type { JsonObject, JsonValue } from '../../json.js'
import { textWith } from './anthropic.js'
import { type DialectReader, isSomething, modelIn, objectIn, objectsIn, saying, textIn } from './fields.js'
import { PartialCalls } from './partial-calls.js'

// Calls come apart from the content, in one form for all providers.
const calling: readonly unknown[] =
  'tool_use input_json_delta tool_call tool_call_chunk function_call functionCall'.split(' ')

/** Reads messages of LangChain, whole or chunk by chunk, in the form that they serialize to. */
export class LangChainReader implements DialectReader {
  readonly #calls = new PartialCalls()
  #message: JsonValue | undefined
  readonly isOpen = false

  read(event: JsonObject): readonly JsonObject[] | undefined {
    if (event['type'] !== 'constructor' || event['lc'] !== 1 || !Array.isArray(event['id'])) return undefined
    const told = objectIn(event, 'kwargs')
    const before = told['id'] === this.#message ? [] : this.#calls.end()
    this.#message = told['id']
    switch ((event['id'] as readonly JsonValue[]).at(-1)) {
      case 'AIMessageChunk':
        for (const [place, { index = place, id, name, args }] of objectsIn(
          told,
          'tool_call_chunks',
        ).entries())
          this.#calls.add(index, { id: textOf(id), name: textOf(name), args })
        return [...before, ...saidIn(told), ...endOf(told)]
      case 'AIMessage':
        return [...before, ...saidIn(told), ...objectsIn(told, 'tool_calls').map(callOf), ...endOf(told)]
      case 'ToolMessage':
      case 'ToolMessageChunk':
        return [...before, resultOf(told)]
      default:
        return before
    }
  }

  end(): readonly JsonObject[] {
    return this.#calls.end()
  }

  used(): readonly JsonObject[] {
    return []
  }
}

function saidIn(told: JsonObject): JsonObject[] {
  const thoughts = saying('reasoning', textIn(objectIn(told, 'additional_kwargs'), 'reasoning_content'))
  if (typeof told['content'] === 'string') return [...thoughts, ...saying('text', told['content'])]
  const blocks = objectsIn(told, 'content').filter(({ type }) => !calling.includes(type))
  return [...thoughts, ...blocks.flatMap(partsOf)]
}

function partsOf(given: JsonObject): JsonObject[] {
  const { index: _, ...block } = given
  return block['type'] === 'text' ? textWith(block) : [block]
}

function callOf({ id, name = '', args = {} }: JsonObject): JsonObject {
  return { type: 'tool-call', toolCallId: id ?? name, toolName: name, input: args }
}

function resultOf({
  tool_call_id: toolCallId = null,
  name,
  content: output = null,
  status,
}: JsonObject): JsonObject {
  return {
    type: 'tool-result',
    toolCallId,
    ...(name === undefined ? {} : { toolName: name }),
    output,
    ...(status === 'error' ? { isError: true } : {}),
  }
}

function endOf(told: JsonObject): JsonObject[] {
  const about = { ...objectIn(told, 'additional_kwargs'), ...objectIn(told, 'response_metadata') }
  const usage = { ...objectIn(told, 'usage_metadata'), ...modelIn(about, 'model_name', 'model') }
  const finishReason = textIn(about, 'finish_reason', 'finishReason', 'stop_reason', 'done_reason')
  return [
    ...(isSomething(usage) ? [{ type: 'usage', ...usage }] : []),
    ...(finishReason === undefined ? [] : [{ type: 'finish', finishReason }]),
  ]
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
