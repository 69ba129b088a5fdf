import { isJsonObject, type JsonObject } from '../../json.js'
import { modelIn, ModelFailure, objectIn } from './fields.js'

/**
 * The event of the AI SDK that an event of Mastra stands for, which wraps it in a `payload`; an empty list for one about
 * the stream itself, undefined for other events.
 */
export function fromMastra(event: JsonObject): readonly [] | { readonly inner: JsonObject } | undefined {
  const { type, payload, runId } = event
  if (typeof runId !== 'string') return undefined
  // An object so far: each of them has all that the ones before have, and the text says it, too.
  if (type === 'object' && 'from' in event) return []
  if (!isJsonObject(payload)) return undefined
  switch (type) {
    case 'text-start':
    case 'text-delta':
    case 'reasoning-start':
    case 'reasoning-delta':
    case 'reasoning-end':
    case 'source':
    case 'custom':
      return { inner: { ...payload, type } }
    case 'tool-result':
    case 'tool-error': {
      const { args: _, ...told } = payload
      return { inner: { ...told, type } }
    }
    case 'reasoning-signature':
    case 'redacted-reasoning':
      return { inner: { ...payload, type: 'reasoning', text: '' } }
    case 'tool-call': {
      const { args: input = {}, ...call } = payload
      return { inner: { ...call, type, input } }
    }
    // Without the run nobody could go on with the call, and the page would not know that it waits.
    case 'tool-call-approval': {
      const { toolCallId = null } = payload
      return { inner: { type: 'tool-approval-request', approvalId: toolCallId, toolCallId, runId } }
    }
    case 'tool-call-suspended': {
      const { args: _, ...asked } = payload
      return { inner: { ...asked, type, runId } }
    }
    case 'tool-output-denied': {
      const { toolCallId = null, toolName = null } = payload
      return { inner: { type, toolCallId, toolName } }
    }
    case 'file':
    case 'reasoning-file': {
      // The same bytes twice.
      const { mimeType: mediaType = null, base64 = null, data = base64, ...file } = payload
      return { inner: { ...file, type, mediaType, data } }
    }
    // It has the sum of all steps, whose own counts Mastra changes after it has told them.
    case 'finish': {
      const { usage = {} } = objectIn(payload, 'output')
      const { reason: finishReason = null } = objectIn(payload, 'stepResult')
      const model = modelIn(objectIn(payload, 'metadata'), 'modelId')
      return { inner: { type, usage: { ...(isJsonObject(usage) ? usage : {}), ...model }, finishReason } }
    }
    case 'tripwire':
      throw new ModelFailure('A guard of Mastra has stopped the answer.', { cause: payload })
    default:
      return []
  }
}
