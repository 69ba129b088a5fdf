import { SessionError } from '../errors.js'
import { pauseAlone } from '../async/slices.js'

/** Text, whole or in pieces of any length: a file, the body of a request, what `export` yields. */
export type TextSource =
  | string
  | Uint8Array
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>

// A mark of the order of bytes, which editors put before a text.
const orderMark = '\ufeff'
// Decoded at once.
const pieceBytes = 64 * 1024

/**
 * The lines of a text, without their ends, of which an editor may have made those of Windows; empty lines are left out.
 *
 * @throws `too_large`, `invalid`
 */
export async function* linesIn(source: TextSource, maxLength: number): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let parts: string[] = []
  let length = 0
  let isBegun = false
  for await (const piece of piecesOf(source)) {
    const text = typeof piece === 'string' ? piece : decoded(decoder, piece)
    if (text === '') continue
    let from = !isBegun && text.startsWith(orderMark) ? 1 : 0
    isBegun = true
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      parts.push(text.slice(from, end))
      const line = withoutReturn(parts.join(''))
      if (line.length > maxLength) throw tooLong(maxLength)
      parts = []
      length = 0
      from = end + 1
      if (line.trim() !== '') yield line
      const others = pauseAlone()
      if (others !== undefined) await others
    }
    parts.push(text.slice(from))
    length += text.length - from
    if (length > maxLength) throw tooLong(maxLength)
  }
  const last = withoutReturn(parts.join(''))
  if (last.trim() !== '') yield last
}

/** A line of JSON never ends with one by itself. */
function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function piecesOf(source: TextSource): AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array> {
  // Both can be gone through, character by character and byte by byte.
  if (typeof source === 'string') return [source]
  if (source instanceof Uint8Array) return cut(source)
  const isIterable =
    typeof source === 'object' &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source)
  if (isIterable) return source
  throw new SessionError('invalid', 'source is neither text nor something that yields text', {
    path: 'source',
  })
}

function* cut(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let from = 0; from < bytes.length; from += pieceBytes) yield bytes.subarray(from, from + pieceBytes)
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true })
  } catch (cause) {
    throw new SessionError('invalid', 'source yields neither texts nor bytes of UTF-8', {
      path: 'source',
      cause,
    })
  }
}

function tooLong(maxLength: number): SessionError {
  return new SessionError('too_large', `A line is longer than ${maxLength} characters.`, { path: 'line' })
}
