import { type MarkedText, unitBefore } from '../text/marked-text.js'
import { isDigit, isWord, type Look, type Span } from '../span.js'

const [dot, colon, zero] = [0x2e, 0x3a, 0x30]
// The longest form of IPv6, with IPv4 at its end.
const longest = 45
// Version 4 has three dots, the shortest form of version 6 two colons.
const [leastDots, leastColons] = [3, 2]
// What a unit is in an address, a bit for each.
const [hexadecimal, aDot, aColon] = [1, 2, 4]
const notAscii = 0x80
const parts = Uint8Array.from({ length: notAscii + 1 }, (_, unit) => {
  if (unit === dot) return aDot
  if (unit === colon) return aColon
  return /[\da-f]/i.test(String.fromCharCode(unit)) ? hexadecimal : 0
})

/** IP addresses, of version 4 and 6. */
export function findIps({ units, runs }: MarkedText): Look {
  return (found, from, to) => {
    let after = 0
    for (let index = runs.indexFrom(from); runs.startOf(index) < to; index++) {
      // Every address has a digit, but for those of letters alone: these are names in programs more often.
      const run = runs.startOf(index)
      const digits = runs.at(run)
      if (run < after || digits === 0) continue
      // Most digits stand alone.
      if ((partOf(units[run + digits]!) | partOf(unitBefore(units, run))) === 0) continue
      const begin = beginOfRun(units, run)
      let [dots, colons] = [0, 0]
      let end = begin
      for (let part = partOf(units[end]!); part !== 0; part = partOf(units[++end]!)) {
        // Without a branch: the processor cannot predict which sign comes next.
        dots += (part & aDot) >>> 1
        colons += (part & aColon) >>> 2
      }
      after = end
      if (dots < leastDots && colons < leastColons) continue
      let start = begin
      // A sign before an address is none of it, but for the two that an address may begin with.
      while (units[start] === dot || (units[start] === colon && units[start + 1] !== colon)) start++
      const isAlone = end - start > 2 && !isWord(unitBefore(units, start)) && !isWord(units[end]!)
      const span = isAlone ? addressIn(units, start, end) : undefined
      if (span !== undefined) found.push(span.start, span.end)
    }
    return Math.max(after, to)
  }
}

/** Where a run of what addresses are made of begins, at or before a place. */
function beginOfRun(units: Uint16Array, place: number): number {
  let begin = place
  while (begin > 0 && partOf(units[begin - 1]!) !== 0) begin--
  return begin
}

/** The address in a run of what addresses are made of: a sentence may end behind it, or a port follow. */
function addressIn(units: Uint16Array, start: number, to: number): Span | undefined {
  let end = to
  while (end > start && units[end - 1] === dot) end--
  // A longer run begins with a whole address, or with none.
  end = Math.min(end, start + longest + 10)
  const first = colonIn(units, start, end)
  if (first === end) return version4(units, start, end)
  const second = colonIn(units, first + 1, end)
  if (second === end) return version4(units, start, first) ?? version4(units, first + 1, end)
  const isCut = units[end - 1] === colon && units[end - 2] !== colon
  const last = isCut ? end - 1 : end
  // Names in programs look like `Bad::Cafe`.
  const isVersion6 = hasDigit(units, start, last) && isIPv6(units, start, last)
  return isVersion6 ? { start, end: last } : version4(units, first + 1, last)
}

function version4(units: Uint16Array, start: number, end: number): Span | undefined {
  // A longer run may have been cut within a number.
  return isIPv4(units, start, end) && !isDigit(units[end]!) ? { start, end } : undefined
}

/** Whether four numbers up to 255 stand here, with dots between, and no zero before another digit. */
function isIPv4(units: Uint16Array, start: number, end: number): boolean {
  let place = start
  for (let group = 1; group <= 4; group++) {
    const first = place
    let value = 0
    for (; place < end && isDigit(units[place]!); place++) {
      value = value * 10 + units[place]! - zero
      if (value > 255) return false
    }
    if (place === first || (units[first] === zero && place - first > 1)) return false
    if (group < 4 && units[place++] !== dot) return false
  }
  return place === end
}

/**
 * Whether eight groups of four hexadecimal digits at most stand here, with colons between: two colons once for groups
 * of zeros, an address of version 4 at the end for two groups. As RFC 4291 says, and Node's `isIPv6`.
 */
function isIPv6(units: Uint16Array, start: number, end: number): boolean {
  let groups = 0
  let isShortened = false
  let place = start
  if (units[place] === colon) {
    // No address begins with a single one.
    if (units[place + 1] !== colon) return false
    isShortened = true
    place += 2
  }
  while (place < end) {
    const first = place
    while (place < end && isHexadecimal(units[place]!)) place++
    if (units[place] === dot && place < end) {
      groups += 2
      return isIPv4(units, first, end) && (isShortened ? groups < 8 : groups === 8)
    }
    if (place === first || place - first > 4 || ++groups > 8) return false
    if (place === end) break
    place++
    if (place === end) return false
    if (units[place] !== colon) continue
    if (isShortened) return false
    isShortened = true
    place++
  }
  return isShortened ? groups < 8 : groups === 8
}

function isHexadecimal(unit: number): boolean {
  return partOf(unit) === hexadecimal
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

function partOf(unit: number): number {
  return parts[Math.min(unit, notAscii)]!
}
