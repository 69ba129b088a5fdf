import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'

/**
 * A part of another SDK, translated to the parts of this package. Types without a counterpart here, and fields that
 * are not renamed, stay as they are.
 */
export function fromDialect(part: JsonObject): JsonObject[] {
  const { type } = part
  if (type === undefined) return fromGemini(part)
  if (typeof type !== 'string' || !Object.hasOwn(dialects, type)) return [part]
  return dialects[type]!(part)
}

type Translate = (part: JsonObject) => JsonObject[]

const dialects: Readonly<Record<string, Translate>> = {
  // OpenAI, Responses.
  input_text: (part) => [{ ...part, type: 'text' }],
  output_text: (part) => [{ ...part, type: 'text' }],
  reasoning: (part) => [typeof part['text'] === 'string' ? part : { ...part, text: reasoningText(part) }],
  function_call: ({ call_id, callId, name, arguments: input, ...rest }) => [
    { ...rest, type: 'tool-call', ...call(call_id ?? callId ?? rest['id'], name, fromText(input)) },
  ],
  function_call_output: ({ call_id, output, ...rest }) => [
    { ...rest, type: 'tool-result', ...result(call_id, output) },
  ],
  custom_tool_call: ({ call_id, name, input, ...rest }) => [
    // Its input is any text, also one that looks like JSON; its provider takes it in no other form.
    { ...rest, type: 'tool-call', custom: true, ...call(call_id, name, input) },
  ],
  custom_tool_call_output: ({ call_id, output, ...rest }) => [
    { ...rest, type: 'tool-result', ...result(call_id, output) },
  ],
  message: (part) => {
    const { content } = part
    if (typeof content === 'string') return [{ type: 'text', text: content }]
    return Array.isArray(content) ? content.flatMap((inner: JsonValue) => inParts(inner)) : [part]
  },
  // OpenAI Agents, whose calls are those of Responses with `callId`.
  function_call_result: ({ callId, name, output = null, ...rest }) => {
    const isText = isJsonObject(output) && output['type'] === 'text' && typeof output['text'] === 'string'
    return [{ ...rest, type: 'tool-result', ...result(callId, isText ? output['text'] : output, name) }]
  },
  // OpenAI, Chat Completions: an entry of `tool_calls`, and a part of a message.
  function: (part) => {
    const { function: called, id, ...rest } = part
    if (!isJsonObject(called)) return [part]
    return [{ ...rest, type: 'tool-call', ...call(id, called['name'], fromText(called['arguments'])) }]
  },
  refusal: (part) => {
    const { refusal } = part
    return typeof refusal === 'string' ? [{ ...part, type: 'text', text: refusal, refusal: true }] : [part]
  },
  // Anthropic.
  thinking: ({ thinking, ...rest }) => [{ ...rest, type: 'reasoning', text: textOf(thinking) }],
  redacted_thinking: (part) => [{ ...part, type: 'reasoning', text: '' }],
  tool_use: ({ id, name, input, ...rest }) => [{ ...rest, type: 'tool-call', ...call(id, name, input) }],
  tool_result: ({ tool_use_id, toolCallId, name, content, result: output, is_error, ...rest }) => [
    {
      ...rest,
      type: 'tool-result',
      ...result(tool_use_id ?? toolCallId, content ?? output, name),
      ...(is_error === undefined ? {} : { isError: is_error }),
    },
  ],
  // AI SDK 4, and assistant-ui, which has the result within its call.
  'tool-call': (part) => {
    const { args, argsText: _, result: output, isError, ...rest } = part
    if (args === undefined || part['input'] !== undefined) return [part]
    const made = { ...rest, input: fromText(args)! }
    if (output === undefined) return [made]
    const { toolCallId, toolName } = part
    const failed = isError === true ? { isError } : {}
    return [made, { type: 'tool-result', ...result(toolCallId, output, toolName), ...failed }]
  },
  'tool-result': (part) => {
    const { result: output, ...rest } = part
    return [part['output'] === undefined && output !== undefined ? { ...rest, output } : part]
  },
  // unified-llm-client, LangChain.
  tool_call: ({ id, name, args, ...rest }) => [{ ...rest, type: 'tool-call', ...call(id, name, args) }],
}

function inParts(part: JsonValue): JsonObject[] {
  return isJsonObject(part)
    ? fromDialect(part)
    : [{ type: 'text', text: typeof part === 'string' ? part : JSON.stringify(part) }]
}

/** Gemini's parts have no `type`: a field tells what kind they are. */
function fromGemini(part: JsonObject): JsonObject[] {
  const { text, thought, functionCall, functionResponse, inlineData, fileData, ...rest } = part
  if (typeof text === 'string') return [{ type: thought === true ? 'reasoning' : 'text', text, ...rest }]
  if (isJsonObject(functionCall)) {
    const { id, name, args } = functionCall
    // Gemini pairs calls and results by name when it gives no ids.
    return [{ type: 'tool-call', ...call(id ?? name, name, args), ...rest }]
  }
  if (isJsonObject(functionResponse)) {
    const { id, name, response } = functionResponse
    return [{ type: 'tool-result', ...result(id ?? name, response, name), ...rest }]
  }
  if (isJsonObject(inlineData)) {
    const { mimeType, data, ...others } = inlineData
    // A draft that was thought of is no part of the answer: it has the type that the AI SDK gives it.
    const type = thought === true ? 'reasoning-file' : 'file'
    return [{ type, ...defined({ mediaType: mimeType, data }), ...others, ...rest }]
  }
  if (isJsonObject(fileData)) {
    const { mimeType, fileUri, ...others } = fileData
    return [{ type: 'file', ...defined({ mediaType: mimeType, data: fileUri }), ...others, ...rest }]
  }
  const kind = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'].find(
    (name) => name in part,
  )
  return [kind === undefined ? part : { ...part, type: kind }]
}

function reasoningText({ reasoning, content, summary }: JsonObject): string {
  if (typeof reasoning === 'string') return reasoning
  for (const list of [content, summary]) {
    if (!Array.isArray(list)) continue
    const texts = list.map((item: JsonValue) => (isJsonObject(item) ? item['text'] : item))
    const text = texts.filter((item) => typeof item === 'string').join('\n\n')
    if (text !== '') return text
  }
  return ''
}

/** Mistral has a list of texts. */
function textOf(thinking: JsonValue = ''): JsonValue {
  if (!Array.isArray(thinking)) return thinking
  const texts = thinking.map((piece: JsonValue) => (isJsonObject(piece) ? piece['text'] : piece))
  return texts.filter((text) => typeof text === 'string').join('')
}

/** Arguments come as JSON text, and sometimes as text that is not JSON. */
export function fromText(input: JsonValue | undefined): JsonValue | undefined {
  if (typeof input !== 'string') return input
  if (input.trim() === '') return {}
  try {
    return JSON.parse(input) as JsonValue
  } catch {
    return input
  }
}

function call(
  toolCallId: JsonValue | undefined,
  toolName: JsonValue | undefined,
  input?: JsonValue,
): JsonObject {
  return defined({ toolCallId, toolName, input })
}

function result(toolCallId: JsonValue | undefined, output?: JsonValue, toolName?: JsonValue): JsonObject {
  return defined({ toolCallId, toolName, output })
}

function defined(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const kept: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value
  return kept
}
