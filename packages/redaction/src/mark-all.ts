import { beginOfRun } from './find-ips.js'
import { MarkedText } from './marked-text.js'
import type { Find, Look, RedactorKind } from './span.js'

// What is looked through in one go, in UTF-16 units.
const lookLength = 8192
// How far before a mark something may begin, or have its sign, that is found because of the mark, and how far behind it:
// the longest of a kind and the signs around it, and the signs before it.
const reach: Readonly<Record<RedactorKind, readonly [before: number, behind: number]>> = {
  email: [260, 4],
  iban: [80, 4],
  ip: [60, 60],
  card: [40, 4],
  phone: [40, 4],
}
const shortestReach = Math.min(...Object.values(reach).map(([before, behind]) => before + behind))
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
  const mostMarks = text.length / shortestReach
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
  for (let index = 0; index < parts.length; index += 2) {
    const end = parts[index + 1]!
    for (let from = parts[index]!; from < end;) {
      found.length = 0
      from = look(found, from, Math.min(end, from + lookLength))
      yield found
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
  const [before, behind] = reach[kind]
  // To look through all of it takes less time than through so many parts.
  if ((earlier.length + now.length) * (before + behind) > text.length) return [0, text.length]
  const parts: number[] = []
  let last = -1
  for (const mark of Float64Array.from([...earlier, ...now]).sort()) {
    const near = Math.max(0, mark - before)
    const start = kind === 'ip' ? beginOfRun(text.units, near) : near
    const end = Math.min(text.length, text.endAt(mark) + behind)
    if (start <= last) parts[parts.length - 1] = end
    else parts.push(start, end)
    last = end
  }
  return parts
}
