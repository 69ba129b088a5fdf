import { SessionError } from '../errors.js'

/** Text, whole or in pieces of any length: a file, the body of a request, what `export` yields. */
export type TextSource =
  | string
  | Uint8Array
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>

/** The lines of a text, without their ends; empty ones are left out. @throws `too_large`, `invalid` */
export async function* linesIn(source: TextSource, maxLength: number): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let parts: string[] = []
  let length = 0
  for await (const piece of piecesOf(source)) {
    const text = typeof piece === 'string' ? piece : decoded(decoder, piece)
    let from = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      parts.push(text.slice(from, end))
      const line = parts.join('')
      if (line.length > maxLength) throw tooLong(maxLength)
      parts = []
      length = 0
      from = end + 1
      if (line.trim() !== '') yield line
    }
    parts.push(text.slice(from))
    length += text.length - from
    if (length > maxLength) throw tooLong(maxLength)
  }
  const last = parts.join('')
  if (last.trim() !== '') yield last
}

function piecesOf(source: TextSource): AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array> {
  // Both can be gone through, character by character and byte by byte.
  if (typeof source === 'string' || source instanceof Uint8Array) return [source]
  const isIterable =
    typeof source === 'object' &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source)
  if (isIterable) return source
  throw new SessionError('invalid', 'source is neither text nor something that yields text', {
    path: 'source',
  })
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true })
  } catch (cause) {
    throw new SessionError('invalid', 'The text is not UTF-8.', { path: 'source', cause })
  }
}

function tooLong(maxLength: number): SessionError {
  return new SessionError('too_large', `A line is longer than ${maxLength} characters.`, { path: 'line' })
}
