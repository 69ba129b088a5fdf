import type { Find, Look, Span } from '../span.js'

/** A pattern of your own. */
export type OwnPattern =
  | {
      /** What it finds, for `replace`; the text becomes `[kind]` by default. */
      readonly kind: string
      /**
       * Looked for in pieces of a text of some 1,000 characters, so that a pattern that takes long for long texts takes
       * long for none. `^` and `$` are the ends of a piece.
       */
      readonly pattern: RegExp
      /** UTF-16 units that a match may take, at most 400 (default 100): a longer one may be missed. */
      readonly maxLength?: number
    }
  | {
      /** What it finds, for `replace`; the text becomes `[kind]` by default. */
      readonly kind: string
      /** The places in the text, in any order: from `start` up to and without `end`, in UTF-16 units. */
      readonly find: (text: string) => Iterable<{ readonly start: number; readonly end: number }>
    }

const pieceLength = 1000
const mostLength = 400

/** @throws `TypeError` for a pattern that cannot be used. */
export function ownFinder(own: OwnPattern): Find<string> {
  if (typeof own !== 'object' || own === null) throw new TypeError('custom: a pattern must be an object')
  if (typeof own.kind !== 'string' || own.kind === '') throw new TypeError('custom: kind must be a text')
  if ('find' in own) {
    if (typeof own.find !== 'function') throw new TypeError(`custom: find of ${own.kind} must be a function`)
    return (text) => (found) => {
      for (const { start, end } of inOrder([...own.find(text)], text.length, own.kind)) found.push(start, end)
      return text.length
    }
  }
  const { pattern, maxLength = 100, kind } = own
  if (!(pattern instanceof RegExp)) throw new TypeError(`custom: pattern of ${kind} must be a RegExp`)
  if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > mostLength) {
    throw new TypeError(`custom: maxLength of ${kind} must be a whole number from 1 to ${mostLength}`)
  }
  const flags = pattern.flags.replaceAll(/[gy]/g, '')
  const search = new RegExp(pattern.source, `${flags}g`)
  return (text) => inPieces(text, search, maxLength)
}

/** Each piece begins before the end of the one before it, so that what stands across an end is found. */
function inPieces(text: string, search: RegExp, maxLength: number): Look {
  let after = 0
  return (found, from, to) => {
    let begin = from
    for (; begin < to; begin += pieceLength - maxLength) {
      const shown = Math.max(0, begin - maxLength)
      const piece = text.slice(shown, begin + pieceLength)
      const isLast = begin + pieceLength >= text.length
      search.lastIndex = Math.max(begin, after) - shown
      for (let match = search.exec(piece); match !== null; match = search.exec(piece)) {
        const start = shown + match.index
        // The next piece shows all of it.
        if (!isLast && start >= begin + pieceLength - maxLength) break
        if (match[0] === '') {
          search.lastIndex++
          continue
        }
        after = start + match[0].length
        found.push(start, after)
      }
      if (isLast) return text.length
    }
    return begin
  }
}

/** Places as they are needed: in order, and as one where they meet. */
function inOrder(places: readonly Span[], length: number, kind: string): Span[] {
  const found: Span[] = []
  for (const { start, end } of places.toSorted((a, b) => a.start - b.start)) {
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= length)) {
      throw new TypeError(`custom: find of ${kind} gave a place that is not in the text`)
    }
    const last = found.at(-1)
    if (last !== undefined && start < last.end)
      found[found.length - 1] = { start: last.start, end: Math.max(end, last.end) }
    else found.push({ start, end })
  }
  return found
}
