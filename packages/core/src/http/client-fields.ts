import type { Identity } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { parseId } from '../ids.js'
import type { JsonObject, JsonValue } from '../json.js'
import type { MessageInput } from '../domain/message.js'
import type { ApiConfig } from './api-options.js'
import { RequestError } from './problem.js'

/** Allowed fields of a client's body that its route does not know. */
export interface ClientFields {
  /** An id that the client chose. */
  readonly id: string | undefined
  /** Options for `respond`. */
  readonly options: JsonObject
}

/**
 * Sorts the fields of a body that its route does not know: fields that a client may set, and fields that it may not.
 *
 * @throws `unprocessable` with the path of a field that it may not set.
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
      // It must equal the result of `identify`: a body cannot choose the caller.
      if (value !== identity.tenantId) throw notAllowed(name)
    } else if (!api.isCompat) {
      // `unified-llm-client` leaves out whatever it does not know.
      throw notAllowed(name)
    }
  }
  return { id, options }
}

// Clients take the first two for steps of a path; the third one has the description of the API.
const withoutAddress: ReadonlySet<unknown> = new Set(['.', '..', 'openapi.json'])

/** An id that a client of `unified-llm-client` chose. @throws `invalid`, also for one that no request could name. */
export function compatId(value: unknown): string {
  if (!withoutAddress.has(value)) return parseId(value, 'sessionId')
  throw new SessionError('invalid', `sessionId must not be ${String(value)}`, { path: 'sessionId' })
}

/** Instructions of a client, if it may give them, as the first message. */
export function leadingSystem({ options }: ClientFields): MessageInput[] {
  const { system } = options
  return typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : []
}

function notAllowed(path: string): RequestError {
  return new RequestError('unprocessable', `${path} is not a field that a client may set.`, { path })
}
