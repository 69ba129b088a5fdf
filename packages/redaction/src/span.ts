/** What a redactor finds by itself. */
export type RedactorKind = 'email' | 'iban' | 'ip' | 'card' | 'phone'

/** A place in a text, from `start` up to and without `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Looks for what stands from one place of a text up to another, and adds its start and its end to `found`. Called for one
 * part of the text after the other, it finds places in order that do not meet.
 *
 * @returns Where to go on: behind `to` when what stands there was looked at.
 */
export type Look = (found: number[], from: number, to: number) => number

/** Prepares the search for something in a text. */
export type Find<Text> = (text: Text) => Look

/** Whether a UTF-16 unit is a letter or a digit of ASCII, or `_`: what is right beside one is in the middle of a word. */
export function isWord(unit: number): boolean {
  return isDigit(unit) || isLatin(unit) || unit === 0x5f
}

export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

export function isLatin(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a)
}

const [space, dash, dot] = [0x20, 0x2d, 0x2e]
const mostJoint = 3

/**
 * How many signs stand between two groups of digits or letters: up to three spaces and dashes, or a dot.
 *
 * @returns 0 where none stand.
 */
export function jointAt(units: Uint16Array, place: number): number {
  if (units[place] === dot) return 1
  let end = place
  while (end < place + mostJoint && (units[end] === space || units[end] === dash)) end++
  return end - place
}
