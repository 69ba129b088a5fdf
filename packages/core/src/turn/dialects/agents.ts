import { isJsonObject, type JsonObject } from '../../json.js'
import { objectIn, objectsIn, textIn } from './fields.js'

type Told = readonly JsonObject[] | { readonly inner: JsonObject } | undefined

/** Whether an event of it says that the answer before is over: the next answer begins, or a tool has its result. */
export function followsAnswer(event: JsonObject): boolean {
  const { type } = event
  if (type === 'raw_model_stream_event') return objectIn(event, 'data')['type'] === 'response_started'
  return type === 'run_item_stream_event' && event['name'] === 'tool_output'
}

/** Reads events of the OpenAI Agents SDK. */
export class AgentsReader {
  /** Whether the model has told events of its own since its last answer; a model that somebody wrote may have none. */
  #isTold = false

  /**
   * What an event stands for: the event of a model inside it, the whole answer of a model that tells no events, or the
   * result of a tool. An empty list for one that says nothing else; undefined for other events.
   */
  read(event: JsonObject): Told {
    switch (event['type']) {
      case 'raw_model_stream_event':
        return this.#ofModel(objectIn(event, 'data'))
      case 'run_item_stream_event': {
        const item = objectIn(event, 'item')
        if (item['type'] === 'tool_approval_item') return askedIn(item)
        const raw = objectIn(item, 'rawItem')
        return raw['type'] === 'function_call_result' ? [raw] : []
      }
      case 'agent_updated_stream_event':
        return []
      case 'tool_approval_item':
        return askedIn(event)
      default:
        // What a run that has ended gives as `newItems`.
        return isJsonObject(event['rawItem']) ? [event['rawItem']] : undefined
    }
  }

  #ofModel(data: JsonObject): Told {
    if (data['type'] === 'model') {
      this.#isTold = true
      return { inner: objectIn(data, 'event') }
    }
    if (data['type'] !== 'response_done') return []
    const isTold = this.#isTold
    this.#isTold = false
    const response = objectIn(data, 'response')
    return isTold ? [] : [...objectsIn(response, 'output'), { ...objectIn(response, 'usage'), type: 'usage' }]
  }
}

/** What a person is asked: the item has the call once more. A server of tools asks about one that no log has. */
function askedIn(item: JsonObject): JsonObject[] {
  const toolCallId = textIn(objectIn(item, 'rawItem'), 'callId')
  return toolCallId === undefined
    ? []
    : [{ type: 'tool-approval-request', approvalId: toolCallId, toolCallId }]
}
