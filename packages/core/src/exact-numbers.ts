import { SessionError } from './errors.js'

/** Refuses a JSON with a whole number that would become another one. @throws `invalid` */
export function checkNumbers(json: string, path: string): void {
  for (let index = 0; index < json.length; index++) {
    const char = json.charCodeAt(index)
    if (char === quote) index = endOfText(json, index)
    else if (isDigit(char)) index = endOfNumber(json, index, path)
  }
}

/**
 * The place of the last digit of a run of digits.
 *
 * @param path Where it stands, for the error.
 *
 * @throws `invalid` for a whole number that JavaScript would read as another one, such as a long id of a client that is
 * written in another language.
 */
export function endOfNumber(json: string, start: number, path: string): number {
  let end = start + 1
  while (isDigit(json.charCodeAt(end))) end++
  const isWhole = !/[.eE]/.test(json[end] ?? '') && json[start - 1] !== '.'
  if (isWhole && end - start >= fewestInexactDigits && isChanged(json.slice(start, end))) {
    const shown = json.slice(start, Math.min(end, start + 40))
    throw new SessionError('invalid', `The number ${shown} would not be kept exactly: send it as a text.`, {
      path,
    })
  }
  return end - 1
}

function isChanged(digits: string): boolean {
  const value = Number(digits)
  // A schema says where an infinite number stands. What JavaScript itself writes of a number is the same number again.
  if (!Number.isFinite(value) || String(value) === digits) return false
  return BigInt(value) !== BigInt(digits)
}

export function isDigit(char: number): boolean {
  return char >= zero && char <= nine
}

/** The place of the quote that ends a text within JSON. */
export function endOfText(json: string, start: number): number {
  for (let index = start + 1; index < json.length; index++) {
    const char = json.charCodeAt(index)
    if (char === backslash) index++
    else if (char === quote) return index
  }
  return json.length
}

// 2^53 has 16 digits.
const fewestInexactDigits = 16
const [zero, nine, quote, backslash] = [0x30, 0x39, 0x22, 0x5c]
