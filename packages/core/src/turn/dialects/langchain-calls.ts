import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { objectIn, objectsIn, textIn } from './fields.js'

/** The whole calls of a message of LangChain; arguments that are no JSON, because they were cut off, are apart. */
export function callsIn(told: JsonObject): JsonObject[] {
  const calls = [...objectsIn(told, 'tool_calls'), ...objectsIn(told, 'invalid_tool_calls')]
  return calls
    .map((call, place) => ({ call, extras: besideCall(told, call, place - calls.length) }))
    .filter(({ call }) => !isRepeat(call, calls))
    .map(({ call: { id, name = '', args = {}, isCustomTool }, extras }) => {
      const isText = isCustomTool === true && isJsonObject(args) && typeof args['input'] === 'string'
      const input = isText ? args['input']! : args
      const custom = isText ? { custom: true } : {}
      return { ...extras, ...custom, type: 'tool-call', toolCallId: id ?? name, toolName: name, input }
    })
}

/** LangChain may have a call of Gemini a second time, without its id. */
function isRepeat({ id, name, args }: JsonObject, calls: readonly JsonObject[]): boolean {
  if (id !== undefined) return false
  const said = JSON.stringify(args)
  return calls.some(
    (call) => call['id'] !== undefined && call['name'] === name && JSON.stringify(call['args']) === said,
  )
}

/**
 * What belongs to a call, and stands beside the calls of the message: the signature of a thought, without which Gemini
 * refuses the call later, and the id of an item of OpenAI.
 *
 * @param place Its place among all calls of the message, from the end.
 */
export function besideCall(told: JsonObject, call: JsonObject, place: number): JsonObject {
  const beside = objectIn(told, 'additional_kwargs')
  const id = textIn(call, 'id') ?? ''
  const signatures = beside['signatures']
  const byPlace = Array.isArray(signatures) ? (signatures as readonly JsonValue[]).at(place) : undefined
  const signature =
    call['thoughtSignature'] ?? ofCall(beside, '__gemini_function_call_thought_signatures__', id) ?? byPlace
  const item =
    ofCall(beside, '__openai_function_call_ids__', id) ??
    ofCall(beside, '__openai_custom_tool_call_ids__', id)
  return {
    ...(typeof item === 'string' ? { id: item } : {}),
    ...(typeof signature === 'string' && signature !== '' ? { thoughtSignature: signature } : {}),
  }
}

function ofCall(beside: JsonObject, map: string, id: string): JsonValue | undefined {
  const known = objectIn(beside, map)
  return Object.hasOwn(known, id) ? known[id] : undefined
}
