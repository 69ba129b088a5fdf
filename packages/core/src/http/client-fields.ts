import type { Identity } from '../domain/identity.js'
import { parseId } from '../ids.js'
import type { JsonObject, JsonValue } from '../json.js'
import type { MessageInput } from '../domain/message.js'
import type { ApiConfig } from './api-options.js'
import { RequestError } from './problem.js'

/** What a client asked for beside what a route is about, as far as it may. */
export interface ClientFields {
  /** An id the client chose. */
  readonly id: string | undefined
  /** For `respond`. */
  readonly options: JsonObject
}

// Fields that only tell who asks, or tie logs together; harmless, and not needed.
const ignoredInCompat: ReadonlySet<string> = new Set(['requestId', 'resetUsage'])

/**
 * Sorts the fields of a body that its route does not know: those a client may set, and those it may not.
 *
 * @throws `unprocessable` with the path of one it may not.
 */
export function checkFields(
  api: Pick<ApiConfig, 'isCompat' | 'clientOptions'>,
  identity: Identity,
  fields: Readonly<Record<string, unknown>>,
): ClientFields {
  const options: Record<string, JsonValue> = {}
  let id: string | undefined
  for (const [name, value] of Object.entries(fields)) {
    if (api.clientOptions.includes(name)) {
      options[name] = value as JsonValue
    } else if (api.isCompat && (name === 'sessionId' || name === 'newSessionId')) {
      id = compatId(value)
    } else if (api.isCompat && name === 'tenantId') {
      // Says the same as `identify`, or is refused: who asks is not for the body to say.
      if (value !== identity.tenantId) throw notAllowed(name)
    } else if (!(api.isCompat && ignoredInCompat.has(name))) {
      throw notAllowed(name)
    }
  }
  return { id, options }
}

/** An id as clients of `unified-llm-client` choose them. @throws `invalid` */
export function compatId(value: unknown): string {
  return parseId(value, 'sessionId')
}

/** Instructions that a client gave where that is allowed, as the first message. */
export function leadingSystem({ options }: ClientFields): MessageInput[] {
  const { system } = options
  return typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : []
}

function notAllowed(path: string): RequestError {
  return new RequestError('unprocessable', `${path} is not a field that a client may set.`, { path })
}
