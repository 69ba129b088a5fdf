import type { IncomingMessage } from 'node:http'
import { SessionError } from '../errors.js'

/** Where a body parser stores what it has read. */
export interface BodyHolder {
  /** What a parser has made of the body. */
  readonly body?: unknown
  /** The body as it was sent, if a parser keeps it. */
  readonly rawBody?: unknown
}

const isText = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

/**
 * The body that a parser has already read, as it was sent, or as near to it as possible; undefined when the body is
 * still unread.
 *
 * @param holder Where the parser has stored it (default: Node's request itself, as with Express).
 */
export function bodyReadAlready(
  req: IncomingMessage,
  holder: BodyHolder = {},
): string | Uint8Array | undefined {
  if (!req.readableDidRead) return undefined
  const { body, rawBody } = holder.body === undefined ? (req as BodyHolder) : holder
  if (isText(rawBody)) return rawBody
  if (body === undefined) return undefined
  return isText(body) ? body : JSON.stringify(body, kept)
}

/** @throws `invalid` for a number that a parser took from `1e400`, and that JSON would write as null. */
function kept(key: string, value: unknown): unknown {
  if (value !== Number.POSITIVE_INFINITY && value !== Number.NEGATIVE_INFINITY) return value
  throw new SessionError('invalid', `${key} is not a finite number`, { path: key })
}
