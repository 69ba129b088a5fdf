import type { JsonObject } from '../../json.js'
import type { ApiConfig } from '../api-options.js'

const text = { type: 'string' }
const chosenIds: Readonly<Record<string, JsonObject>> = {
  createSession: { sessionId: text },
  forkSession: { newSessionId: text, resetUsage: { type: 'boolean' } },
}
const takesOptions: ReadonlySet<string> = new Set([
  'createSession',
  'sendMessage',
  'forkSession',
  'compactSession',
])

/** Fields of a body that the options of an API allow, in addition to those that its route knows. */
export function compatFields(
  operation: string,
  { isCompat, clientOptions }: Pick<ApiConfig, 'isCompat' | 'clientOptions'>,
): JsonObject {
  if (!takesOptions.has(operation)) return {}
  return {
    ...Object.fromEntries(clientOptions.map((name) => [name, {}])),
    ...(isCompat ? { tenantId: text, requestId: text, ...chosenIds[operation] } : {}),
  }
}
