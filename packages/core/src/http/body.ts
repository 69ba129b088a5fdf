import { SessionError } from '../errors.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'
import type { Route } from './route.js'
import { RequestError } from './problem.js'

/** Bounds of a request body. */
export interface BodyLimits {
  /** UTF-8 bytes. */
  readonly maxBodyBytes: number
  /** Levels of nesting. */
  readonly maxBodyDepth: number
}

/**
 * The JSON text of a request, or undefined when it has none and needs none.
 *
 * @throws `unsupported_media_type`, `too_large`, `invalid`
 */
export async function readBody(
  request: Request,
  route: Pick<Route, 'body' | 'bodyOptional'>,
  limits: BodyLimits,
): Promise<string | undefined> {
  if (route.body === undefined || request.body === null) return missing(route)
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  const bytes = await readBytes(request.body, request.headers.get('content-length'), limits.maxBodyBytes)
  if (bytes.length === 0) return missing(route)
  if (type === undefined || !/^application\/(?:json|[\w.-]+\+json)$/.test(type)) {
    throw new RequestError('unsupported_media_type', 'A body must be application/json.')
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SessionError('invalid', 'The body is not UTF-8.', { path: 'body' })
  }
}

/** @throws `invalid` for a text that is no JSON object, or nested too deep. */
export function parseBody(text: string | undefined, { maxBodyDepth }: BodyLimits): JsonObject {
  if (text === undefined) return {}
  // Check the depth before parsing, because the sender chooses how much work parsing is.
  checkDepth(text, maxBodyDepth)
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    throw new SessionError('invalid', 'The body is not JSON.', { path: 'body' })
  }
  if (isJsonObject(value)) return value
  throw new SessionError('invalid', 'The body is not a JSON object.', { path: 'body' })
}

function missing({ body, bodyOptional }: Pick<Route, 'body' | 'bodyOptional'>): undefined {
  if (body === undefined || bodyOptional === true) return undefined
  throw new SessionError('invalid', 'The request needs a JSON body.', { path: 'body' })
}

async function readBytes(
  stream: ReadableStream<Uint8Array>,
  declared: string | null,
  maxBytes: number,
): Promise<Uint8Array> {
  const tooLarge = () =>
    new SessionError('too_large', `The body is larger than ${maxBytes} bytes.`, { path: 'body' })
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new SessionError('invalid', 'The body ended before it was complete.', { path: 'body', cause })
    })
    if (done) break
    length += value.length
    if (length > maxBytes) {
      // Not awaited: the sender chooses how long it goes on sending.
      void reader.cancel().catch(() => {})
      throw tooLarge()
    }
    chunks.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function checkDepth(text: string, maxDepth: number): void {
  let depth = 0
  let inText = false
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index)
    if (inText) {
      if (char === 0x5c) index++
      else if (char === 0x22) inText = false
    } else if (char === 0x22) {
      inText = true
    } else if (char === 0x7b || char === 0x5b) {
      if (++depth > maxDepth) {
        throw new SessionError('invalid', `The body is nested deeper than ${maxDepth} levels.`, {
          path: 'body',
        })
      }
    } else if (char === 0x7d || char === 0x5d) {
      depth--
    }
  }
}
