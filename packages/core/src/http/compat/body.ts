import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'

/**
 * A body of a client of `unified-llm-client`. Its messages may be `pinned`, which is metadata here, and may have further
 * fields, which are left out: it sends messages back as it read them.
 */
export function fromSeedBody(body: JsonObject): JsonObject {
  const { messages } = body
  return Array.isArray(messages) ? { ...body, messages: messages.map(fromSeedMessage) } : body
}

function fromSeedMessage(message: JsonValue): JsonValue {
  if (!isJsonObject(message)) return message
  const { role, content, id, name, metadata, pinned } = message
  const said = Object.entries({ role: speaker(role, content), content, id, name })
  const isPinned = pinned === true && (metadata === undefined || isJsonObject(metadata))
  const about = isPinned ? { ...metadata, pinned } : metadata
  return Object.fromEntries([...said, ['metadata', about]].filter(([, value]) => value !== undefined))
}

/** In the role `tool`, messages of a user that are results of tools alone. */
function speaker(role: JsonValue | undefined, content: JsonValue | undefined): JsonValue | undefined {
  const isResults =
    role === 'user' &&
    Array.isArray(content) &&
    content.length > 0 &&
    content.every((part) => isJsonObject(part) && part['type'] === 'tool_result')
  return isResults ? 'tool' : role
}
