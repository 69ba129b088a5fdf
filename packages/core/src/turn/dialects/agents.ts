import { isJsonObject, type JsonObject } from '../../json.js'
import { objectIn } from './fields.js'

/**
 * What an event of the OpenAI Agents SDK stands for: the event of a model inside it, or the result of a tool. An empty
 * list for one that says nothing else; undefined for other events.
 */
export function fromAgents(
  event: JsonObject,
): readonly JsonObject[] | { readonly inner: JsonObject } | undefined {
  switch (event['type']) {
    case 'raw_model_stream_event': {
      const data = objectIn(event, 'data')
      return data['type'] === 'model' ? { inner: objectIn(data, 'event') } : []
    }
    case 'run_item_stream_event': {
      const item = objectIn(objectIn(event, 'item'), 'rawItem')
      return item['type'] === 'function_call_result' ? [item] : []
    }
    case 'agent_updated_stream_event':
      return []
    // It repeats the call that it asks about.
    case 'tool_approval_item':
      return []
    default:
      // What a run that has ended gives as `newItems`.
      return isJsonObject(event['rawItem']) ? [event['rawItem']] : undefined
  }
}
