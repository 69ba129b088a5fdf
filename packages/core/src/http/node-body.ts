import type { IncomingMessage } from 'node:http'

/** Where a body parser leaves what it has read. */
export interface BodyHolder {
  readonly body?: unknown
  /** The body as it was sent, where a parser keeps it. */
  readonly rawBody?: unknown
}

/**
 * The body that a parser has taken from the wire before us, as it was, or as near as can be; undefined when it is
 * still there to be read.
 *
 * @param holder Where the parser has left it (default: Node's request itself, as with Express).
 */
export function bodyReadAlready(
  req: IncomingMessage,
  holder: BodyHolder = {},
): string | Uint8Array | undefined {
  if (!req.readableDidRead) return undefined
  const { body, rawBody } = holder.body === undefined ? (req as BodyHolder) : holder
  if (rawBody instanceof Uint8Array) return rawBody
  if (body === undefined) return undefined
  return typeof body === 'string' ? body : JSON.stringify(body)
}
