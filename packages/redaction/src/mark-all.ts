import { MarkedText } from './text/marked-text.js'
import type { Find, Look, RedactorKind } from './span.js'

// What is looked through in one go, in UTF-16 units.
const lookLength = 8192
// What is found because of a mark ends at it, but for so many signs, or begins behind it.
const signs = 2
// All units from here on are alike.
const notAscii = 0x80
// For each kind: the units that it is made of, and how many at least; how far before a mark one may begin; how far behind
// the mark the first digit of one may stand. None goes on across the end of a mark.
const reach: Readonly<
  Record<RedactorKind, readonly [of: Uint8Array, least: number, before: number, behind: number]>
> = {
  // A mark may end the domain of an address. No address begins because of a mark. Domains have letters of all scripts.
  email: [madeOf(/[\da-z.@\x80-]/i), 5, 260, 0],
  iban: [madeOf(/[\da-z .-]/i), 15, 140, 4],
  // Whatever an address may be made of is looked at from its beginning.
  ip: [madeOf(/[\d.:a-f]/i), 3, Number.POSITIVE_INFINITY, 60],
  card: [madeOf(/[\d .-]/), 13, 40, 4],
  phone: [madeOf(/[\d ()+./%-]/), 7, 48, 4],
}
// With more marks than one for so many units, to look through all of a text takes less time than through so many parts.
const fewestUnits = 80
// No number of these ends where another goes on, so that what they find makes no more of them.
const settled: ReadonlySet<RedactorKind> = new Set(['iban', 'card'])
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
    let marks: Int32Array | undefined
    for (const step of steps) {
      if (step.known === count) continue
      const isFirst = step.known < 0
      step.known = count
      const { kind } = step
      const isAll = isFirst || before.length + now.length > mostMarks
      const parts = isAll
        ? [0, text.length]
        : partsNear((marks ??= placesOfMarks([...before, ...now], text)), kind, text)
      const look = step.find(text)
      for (const places of placesOf(look, parts)) {
        for (let index = 0; index < places.length; index += 2) {
          const start = places[index]!
          text.mark(start, places[index + 1]!, step.number)
          if (now.length <= mostMarks) now.push(start)
        }
        marks = undefined
        count += places.length / 2
        yield
      }
      if (settled.has(kind)) step.known = count
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

/** Start and end of each mark, in order. */
function placesOfMarks(begins: readonly number[], text: MarkedText): Int32Array {
  const places = new Int32Array(begins.length * 2)
  let index = 0
  for (const start of new Int32Array(begins).sort()) {
    places[index++] = start
    places[index++] = text.endAt(start)
  }
  return places
}

/** Where in a text something of a kind may be found because of these marks: start and end of each part, in order. */
function partsNear(marks: Int32Array, kind: RedactorKind, { units, length }: MarkedText): readonly number[] {
  const [of, shortest, before, behind] = reach[kind]
  const isOf = (place: number): boolean => of[Math.min(units[place]!, notAscii)] === 1
  const parts: number[] = []
  let last = -1
  for (let index = 0; index < marks.length; index += 2) {
    const [mark, markEnd] = [marks[index]!, marks[index + 1]!]
    const least = Math.max(0, mark - before)
    const most = Math.min(length, markEnd + Math.max(shortest, behind))
    let start = Math.max(0, mark - signs)
    while (start > least && isOf(start - 1)) start--
    let end = Math.min(length, markEnd + signs)
    while (end < most && isOf(end)) end++
    if (mark - start < shortest && end - markEnd < shortest) continue
    end = Math.min(end, markEnd + behind)
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
