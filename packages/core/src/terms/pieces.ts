import { isUnspaced } from './words.js'

const inWord = /^[\p{L}\p{N}\p{M}'’]/u

/**
 * A text in pieces of at most `length` characters that together have the words of the whole text. Where a script has no
 * spaces, a piece begins with the last character of the one before, for the pair that the two would have parted. Only a
 * word as long as a piece is cut.
 */
export function* piecesOf(text: string, length: number): Generator<string, void> {
  for (const [from, to] of placesOf(text, length)) yield text.slice(from, to)
}

/** As `piecesOf`: where each piece begins and ends. */
export function* placesOf(
  text: string,
  length: number,
): Generator<readonly [from: number, to: number], void> {
  for (let from = 0; from < text.length;) {
    if (text.length - from <= length) {
      yield [from, text.length]
      return
    }
    const [to, next] = cutAt(text, from, from + length)
    yield [from, to]
    from = next
  }
}

/** Where a piece ends, and where the next one begins: as late as no word is cut. */
function cutAt(text: string, from: number, latest: number): readonly [to: number, next: number] {
  const last = placeAt(text, latest)
  for (let to = last; to > from + 2; to = placeAt(text, to - 1)) {
    const after = characterAt(text, to)
    if (!inWord.test(after)) return [to, to]
    const before = placeAt(text, to - 1)
    const isBehind = isUnspaced(characterAt(text, before))
    if (isBehind !== isUnspaced(after)) return [to, to]
    // One character alone would be a word of its own.
    const isPair = isBehind && before > from && isUnspaced(characterAt(text, placeAt(text, before - 1)))
    if (isPair) return [to, before]
  }
  return [last, last]
}

const characterAt = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at)!)

/** A place that is not within a character of two units. */
function placeAt(text: string, at: number): number {
  const isInside = (text.codePointAt(at - 1) ?? 0) > 0xff_ff
  return isInside ? at - 1 : at
}
