import fc from 'fast-check'
import { anything, finite, json, jsonObject, mostly, object, text } from './values.js'

const callId = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('c1', 'c2', 'c3') },
  { weight: 1, arbitrary: text },
)
const toolName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('echo', 'throws', 'hangs', 'odd', 'strict', 'locate') },
  { weight: 1, arbitrary: text },
)
const inText = fc.oneof(
  { weight: 2, arbitrary: json.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: fc.constant('{"broken": ') },
)
const tokens = object({
  inputTokens: finite,
  outputTokens: finite,
  input_tokens: finite,
  output_tokens: finite,
  prompt_tokens: finite,
  completion_tokens: finite,
  promptTokenCount: finite,
  costMicros: finite,
  cachedInputTokens: finite,
  reasoningTokens: finite,
  model: text,
})
const media = fc.oneof(
  text,
  fc.constantFrom('aGFsbG8=', 'data:image/png;base64,aGFsbG8=', 'https://a.example/a.png'),
)
const as = (type: string, fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> =>
  object({ type: fc.constant(type), ...fields }, ['type', ...Object.keys(fields)])

const ours = [
  as('text', { text }),
  as('text', { text, id: text, providerMetadata: jsonObject }),
  as('reasoning', { text, signature: text }),
  as('tool-call', { toolCallId: callId, toolName, input: json }),
  as('tool-result', { toolCallId: callId, toolName, output: json }),
  as('tool-result', {
    toolCallId: callId,
    output: object({ type: fc.constantFrom('text', 'json', 'error-text', 'content'), value: json }),
  }),
  as('image', { image: media, mediaType: text }),
  as('file', { data: media, mediaType: text, filename: text }),
  as('source', { url: text }),
]
const aiSdk = [
  as('text-delta', { id: callId, text }),
  as('text-delta', { id: callId, delta: text }),
  as('text-start', { id: callId }),
  as('reasoning-delta', { id: callId, text }),
  as('reasoning-end', { id: callId, providerMetadata: jsonObject }),
  as('tool-input-delta', { id: callId, delta: text }),
  as('tool-input-available', { toolCallId: callId, toolName, input: json }),
  as('tool-output-available', { toolCallId: callId, output: json, preliminary: fc.boolean() }),
  as('tool-error', { toolCallId: callId, toolName, error: json }),
  as('tool-output-denied', { toolCallId: callId }),
  as('tool-approval-request', { approvalId: callId, toolCallId: callId }),
  as('tool-approval-response', { approvalId: callId, approved: fc.boolean() }),
  as('source-url', { sourceId: text, url: text, title: text }),
  as('file', { file: object({ base64: text, mediaType: text }) }),
  as('response-metadata', { id: text, modelId: text }),
  as('finish-step', { usage: tokens, finishReason: text, response: object({ modelId: text }) }),
  as('finish', { totalUsage: tokens, finishReason: text }),
]
const openAi = [
  as('function_call', { call_id: callId, name: toolName, arguments: inText }),
  as('function_call_output', { call_id: callId, output: json }),
  as('custom_tool_call', { call_id: callId, name: toolName, input: text }),
  as('function', { id: callId, function: object({ name: toolName, arguments: inText }) }),
  as('message', { content: fc.array(as('output_text', { text }), { maxLength: 3 }) }),
  as('input_image', { image_url: media }),
  as('image_url', { image_url: object({ url: media }) }),
  as('input_audio', { input_audio: object({ data: media, format: text }) }),
  as('refusal', { refusal: text }),
  as('response.output_text.delta', { item_id: callId, delta: text }),
  as('response.output_item.done', {
    item: fc.oneof(as('function_call', { call_id: callId, name: toolName, arguments: inText }), json),
  }),
  as('response.completed', { response: object({ usage: tokens, status: text, model: text }) }),
  as('response.failed', { response: json }),
  object({ object: fc.constant('response'), output: fc.array(json, { maxLength: 3 }), usage: tokens }, [
    'object',
    'output',
  ]),
  object(
    {
      choices: fc.array(
        object({
          delta: object({
            content: text,
            tool_calls: fc.array(
              object({ index: finite, id: callId, function: object({ name: toolName, arguments: inText }) }),
              { maxLength: 3 },
            ),
          }),
          finish_reason: text,
        }),
        { maxLength: 2 },
      ),
      usage: tokens,
    },
    ['choices'],
  ),
]
const anthropic = [
  as('message_start', { message: object({ usage: tokens, model: text }) }),
  as('content_block_start', {
    index: finite,
    content_block: object({ type: text, id: callId, name: toolName, input: json }),
  }),
  as('content_block_delta', {
    index: finite,
    delta: object({
      type: fc.constantFrom('text_delta', 'thinking_delta', 'input_json_delta', 'citations_delta'),
      text,
      thinking: text,
      partial_json: inText,
    }),
  }),
  as('content_block_stop', { index: finite }),
  as('message_delta', { delta: object({ stop_reason: text }), usage: tokens }),
  as('message', { content: json, stop_reason: text, usage: tokens }),
  as('tool_use', { id: callId, name: toolName, input: json }),
  as('tool_result', { tool_use_id: callId, content: json, is_error: fc.boolean() }),
  as('thinking', { thinking: text, signature: text }),
  as('redacted_thinking', { data: text }),
  as('document', { source: jsonObject }),
]
const geminiPart = fc.oneof(
  object({ text, thought: fc.boolean(), thoughtSignature: text }),
  object({ functionCall: object({ id: callId, name: toolName, args: json }) }),
  object({ functionResponse: object({ id: callId, name: toolName, response: json }) }),
  object({ inlineData: object({ mimeType: text, data: media }) }),
  object({ executableCode: jsonObject }),
)
const gemini = [
  geminiPart,
  object(
    {
      candidates: fc.array(
        object({ content: object({ parts: fc.array(geminiPart, { maxLength: 3 }) }), finishReason: text }),
        { maxLength: 2 },
      ),
      usageMetadata: tokens,
    },
    ['candidates'],
  ),
]
const told = [
  as('usage', { inputTokens: finite, outputTokens: finite }),
  as('finish', { finishReason: text }),
  as('error', { message: text }),
  as('error', { error: json }),
  as('document', { document: object({ id: text, title: text, text }) }),
]

/** Parts of messages and of answers, as every SDK that is known writes them, and as none does. */
export const part: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(...ours) },
  { weight: 2, arbitrary: fc.oneof(...aiSdk) },
  { weight: 2, arbitrary: fc.oneof(...openAi) },
  { weight: 2, arbitrary: fc.oneof(...anthropic) },
  { weight: 1, arbitrary: fc.oneof(...gemini) },
  { weight: 1, arbitrary: fc.oneof(...told) },
  { weight: 1, arbitrary: json },
)

/** What a message says. */
export const content: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 3, arbitrary: fc.array(part, { maxLength: 4 }) },
)

export const message: fc.Arbitrary<object> = object(
  {
    role: fc.constantFrom('user', 'user', 'user', 'assistant', 'tool', 'system'),
    content,
    id: text,
    name: text,
    metadata: jsonObject,
    status: fc.constantFrom('completed', 'failed', 'aborted', 'corrupt'),
  },
  ['role', 'content'],
)

/** What a `respond` hook yields, hostile or not. */
export const piece: fc.Arbitrary<unknown> = mostly(fc.oneof(text, part, part), anything, 6)
