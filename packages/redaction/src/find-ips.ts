import { isIPv4, isIPv6 } from 'node:net'
import { type MarkedText, unitBefore } from './marked-text.js'
import { isDigit, isWord, type Look, type Span } from './span.js'

const [dot, colon] = [0x2e, 0x3a]
// The longest form of IPv6, with IPv4 at its end.
const longest = 45
// What addresses are made of, by its unit.
const parts = Uint8Array.from({ length: 0x80 }, (_, unit) =>
  Number(/[\d.:a-f]/i.test(String.fromCharCode(unit))),
)

type Test = (said: string) => boolean

/** IP addresses, of version 4 and 6. */
export function findIps(text: MarkedText): Look {
  const { units, runs } = text
  const isVersion6 = knowingTheLast(isIPv6)
  // Every address has a digit, but for those of letters alone: these are names in programs more often.
  return runs.look((found, digits) => {
    const begin = beginOfRun(units, digits)
    let hasSign = false
    let end = begin
    for (let unit = units[end]!; isPart(unit); unit = units[++end]!)
      hasSign ||= unit === dot || unit === colon
    if (!hasSign) return end
    let start = begin
    // A sign before an address is none of it, but for the two that an address may begin with.
    while (units[start] === dot || (units[start] === colon && units[start + 1] !== colon)) start++
    const isAlone = end - start > 2 && !isWord(unitBefore(units, start)) && !isWord(units[end]!)
    const span = isAlone ? addressIn(text, start, end, isVersion6) : undefined
    if (span !== undefined) found.push(span.start, span.end)
    return end
  })
}

/** A log says the same address again and again, and Node takes long to tell. */
function knowingTheLast(test: Test): Test {
  let [last, answer] = ['', false]
  return (said) => {
    if (said !== last) [last, answer] = [said, test(said)]
    return answer
  }
}

/** Where a run of what addresses are made of begins, at or before a place. */
export function beginOfRun(units: Uint16Array, place: number): number {
  let begin = place
  while (begin > 0 && isPart(units[begin - 1]!)) begin--
  return begin
}

/** The address in a run of what addresses are made of: a sentence may end behind it, or a port follow. */
function addressIn(text: MarkedText, start: number, to: number, isVersion6: Test): Span | undefined {
  const { units } = text
  let end = to
  while (end > start && units[end - 1] === dot) end--
  // A longer run begins with a whole address, or with none.
  end = Math.min(end, start + longest + 10)
  const first = colonIn(units, start, end)
  if (first === end) return version4(text, start, end)
  const second = colonIn(units, first + 1, end)
  if (second === end) return version4(text, start, first) ?? version4(text, first + 1, end)
  const isCut = units[end - 1] === colon && units[end - 2] !== colon
  const last = isCut ? end - 1 : end
  // Names in programs look like `Bad::Cafe`.
  return version6(text, start, last, isVersion6) ?? version4(text, first + 1, last)
}

function version4(text: MarkedText, start: number, end: number): Span | undefined {
  // A longer run may have been cut within a number.
  if (!isQuad(text.units, start, end) || isDigit(text.units[end]!)) return undefined
  return isIPv4(text.part(start, end)) ? { start, end } : undefined
}

function version6(text: MarkedText, start: number, end: number, isVersion6: Test): Span | undefined {
  const { units } = text
  let dots = start
  while (dots < end && units[dots] !== dot) dots++
  let tail = dots
  while (tail > start && units[tail - 1] !== colon) tail--
  // An address of version 4 may stand at its end, and nowhere else.
  const isLikely = hasDigit(units, start, end) && (dots === end || isQuad(units, tail, end))
  return isLikely && isVersion6(text.part(start, end)) ? { start, end } : undefined
}

/** Whether four groups of digits stand here, with dots between: to ask Node about all others takes far longer. */
function isQuad(units: Uint16Array, start: number, end: number): boolean {
  let groups = 1
  let digits = 0
  for (let place = start; place < end; place++) {
    if (isDigit(units[place]!)) {
      if (++digits > 3) return false
    } else if (units[place] === dot && digits > 0) {
      groups++
      digits = 0
    } else {
      return false
    }
  }
  return groups === 4 && digits > 0
}

/** The place of the first colon; `end` when there is none. */
function colonIn(units: Uint16Array, start: number, end: number): number {
  let place = start
  while (place < end && units[place] !== colon) place++
  return place
}

function hasDigit(units: Uint16Array, start: number, end: number): boolean {
  for (let place = start; place < end; place++) if (isDigit(units[place]!)) return true
  return false
}

function isPart(unit: number): boolean {
  return unit < parts.length && parts[unit] === 1
}
