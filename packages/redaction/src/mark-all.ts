import { MarkedText } from './marked-text.js'
import type { Find, Look, RedactorKind } from './span.js'

// What is looked through in one go, in UTF-16 units.
const lookLength = 8192
// What is found because of a mark ends at it, but for so many signs, or begins behind it.
const signs = 2
// All units from here on are alike.
const notAscii = 0x80
// For each kind: the units that it is made of; how far before a mark one may begin; how far behind the mark the first
// digit of one may stand. None goes on across the end of a mark.
const reach: Readonly<
  Record<Exclude<RedactorKind, 'email'>, readonly [of: Uint8Array, before: number, behind: number]>
> = {
  iban: [madeOf(/[\da-z .-]/i), 140, 4],
  // Whatever an address may be made of is looked at from its beginning.
  ip: [madeOf(/[\d.:a-f]/i), Number.POSITIVE_INFINITY, 60],
  card: [madeOf(/[\d .-]/), 40, 4],
  phone: [madeOf(/[\d ()+./%-]/), 44, 4],
}
// With more marks than one for so many units, to look through all of a text takes less time than through so many parts.
const fewestUnits = 80
const findable = /[@＠\p{Nd}]/u

/** What is looked for, and what it is called. */
export interface Kind {
  readonly kind: RedactorKind
  readonly find: Find<MarkedText>
}

/**
 * Marks everything of these kinds with the number of its kind, from 1. What is marked for one kind is nothing to the
 * next, and may have stood in the middle of something else: near it all kinds are looked for again, until nothing more is
 * found.
 *
 * @returns undefined when there is nothing.
 */
export function* markAll(
  string: string,
  kinds: readonly Kind[],
): Generator<undefined, MarkedText | undefined, undefined> {
  if (!findable.test(string)) return undefined
  const text = yield* MarkedText.of(string)
  const steps = kinds.map(({ kind, find }, index) => ({ kind, find, number: index + 1, known: -1 }))
  let count = 0
  // With more, all of the text is looked through again.
  const mostMarks = text.length / fewestUnits
  // Where the marks begin that were made in the last round, and those of this one.
  let [before, now] = [[] as number[], [] as number[]]
  do {
    ;[before, now] = [now, []]
    for (const step of steps) {
      if (step.known === count) continue
      const isFirst = step.known < 0
      step.known = count
      const parts = isFirst ? [0, text.length] : partsNear(before, now, step.kind, text)
      const look = step.find(text)
      for (const places of placesOf(look, parts)) {
        for (let index = 0; index < places.length; index += 2) {
          const start = places[index]!
          text.mark(start, places[index + 1]!, step.number)
          if (now.length <= mostMarks) now.push(start)
        }
        count += places.length / 2
        yield
      }
    }
  } while (now.length > 0)
  return count === 0 ? undefined : text
}

/** What a look finds in parts of a text, piece by piece: start and end of each, in order. */
export function* placesOf(
  look: Look,
  parts: readonly number[],
): Generator<readonly number[], undefined, undefined> {
  const found: number[] = []
  let looked = 0
  for (let index = 0; index < parts.length; index += 2) {
    const end = parts[index + 1]!
    for (let from = parts[index]!; from < end;) {
      const to = look(found, from, Math.min(end, from + lookLength))
      looked += to - from
      from = to
      if (found.length === 0 && looked < lookLength) continue
      yield found
      found.length = 0
      looked = 0
    }
  }
}

/** Where in a text something of a kind may be found because of what was marked: start and end of each part, in order. */
function partsNear(
  earlier: readonly number[],
  now: readonly number[],
  kind: RedactorKind,
  text: MarkedText,
): readonly number[] {
  const { units, length } = text
  // Its one sign is found faster in all of a text than in many parts.
  if (kind === 'email') return [0, length]
  const [of, before, behind] = reach[kind]
  if ((earlier.length + now.length) * fewestUnits > length) return [0, length]
  const parts: number[] = []
  let last = -1
  for (const mark of Int32Array.from([...earlier, ...now]).sort()) {
    let start = Math.max(0, mark - signs)
    const least = Math.max(0, mark - before)
    while (start > least && of[Math.min(units[start - 1]!, notAscii)] === 1) start--
    const end = Math.min(length, text.endAt(mark) + behind)
    if (start <= last) parts[parts.length - 1] = end
    else parts.push(start, end)
    last = end
  }
  return parts
}

/** For each unit of ASCII, and for all others, whether a kind is made of it. */
function madeOf(signs: RegExp): Uint8Array {
  return Uint8Array.from({ length: notAscii + 1 }, (_, unit) => Number(signs.test(String.fromCharCode(unit))))
}
