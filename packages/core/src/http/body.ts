import { SessionError } from '../errors.js'
import { endOfNumber, endOfText, isDigit } from '../exact-numbers.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'
import { leaveBody } from './leave-body.js'
import type { Route } from './route.js'
import { RequestError } from './problem.js'

/** Bounds of a request body. */
export interface BodyLimits {
  /** UTF-8 bytes. */
  readonly maxBodyBytes: number
  /** Levels of nesting. */
  readonly maxBodyDepth: number
  /** Keys and items together. */
  readonly maxBodyItems: number
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
  refuseEncoded(request)
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

/**
 * Whoever unpacks a body chooses how much memory that takes, so no body is unpacked.
 *
 * @throws `unsupported_media_type` for a body that says it is compressed.
 */
export function refuseEncoded({ headers, body }: Request): void {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return
  leaveBody(body)
  throw new RequestError(
    'unsupported_media_type',
    'A body must not be compressed: send it without Content-Encoding.',
    { headers: { 'Accept-Encoding': 'identity' } },
  )
}

/**
 * @throws `invalid` for a text that is no JSON object, is nested too deep, or has a number that would become another one;
 * `too_large` for too many keys and items.
 */
export function parseBody(text: string | undefined, limits: BodyLimits): JsonObject {
  if (text === undefined) return {}
  // Check before parsing, because the sender chooses how much work parsing is.
  checkShape(text, limits)
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
  if (declared !== null && Number(declared) > maxBytes) {
    leaveBody(stream)
    throw tooLarge()
  }
  // In one piece, and no list of chunks: a sender may send each byte in a chunk of its own, which takes a hundred times
  // the room of the byte.
  let bytes = new Uint8Array(0)
  let length = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new SessionError('invalid', 'The body ended before it was complete.', { path: 'body', cause })
    })
    if (done) return bytes.subarray(0, length)
    const end = length + value.length
    if (end > maxBytes) {
      leaveBody(reader)
      throw tooLarge()
    }
    if (end > bytes.length) {
      const longer = new Uint8Array(Math.max(end, Math.min(2 * bytes.length, maxBytes)))
      longer.set(bytes.subarray(0, length))
      bytes = longer
    }
    bytes.set(value, length)
    length = end
  }
}

function checkShape(text: string, { maxBodyDepth, maxBodyItems }: BodyLimits): void {
  let depth = 0
  let nodes = 0
  // Whether an object or a list has just begun: its first key or item has no comma before it.
  let isBegun = false
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index)
    if (char === space || char === lineFeed || char === carriageReturn || char === tab) continue
    const isEnd = char === closingBrace || char === closingBracket
    if (char === comma || (isBegun && !isEnd)) nodes++
    isBegun = false
    if (char === quote) index = endOfText(text, index)
    else if (isDigit(char)) index = endOfNumber(text, index, 'body')
    else if (isEnd) depth--
    else if (char === openingBrace || char === openingBracket) {
      isBegun = true
      depth++
    }
    if (depth > maxBodyDepth) {
      throw new SessionError('invalid', `The body is nested deeper than ${maxBodyDepth} levels.`, {
        path: 'body',
      })
    }
    if (nodes > maxBodyItems) {
      throw new SessionError('too_large', `The body has more than ${maxBodyItems} keys and items.`, {
        path: 'body',
      })
    }
  }
}

const [tab, lineFeed, carriageReturn, space, quote, comma] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c]
const [openingBracket, closingBracket, openingBrace, closingBrace] = [0x5b, 0x5d, 0x7b, 0x7d]
