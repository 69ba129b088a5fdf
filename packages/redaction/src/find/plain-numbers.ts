import type { DigitRuns } from '../text/digit-runs.js'
import { unitBefore } from '../text/marked-text.js'
import { isDigit } from '../span.js'

const [dot, comma, zero] = [0x2e, 0x2c, 0x30]

/**
 * The end of a date or of a number with a fraction that begins with these digits, or of digits behind a dot, such as those
 * of a version: no phone number begins with them, nor within a date; 0 where there is none.
 */
export function endOfPlainNumber(units: Uint16Array, runs: DigitRuns, run: number): number {
  const digits = runs.at(run)
  const end = run + digits
  if (unitBefore(units, run) === dot && isDigit(unitBefore(units, run - 1))) return end
  const sign = units[end]!
  if (digits === 1 && units[run] === zero && (sign === dot || sign === comma)) {
    const fraction = runs.at(end + 1)
    const last = end + 1 + fraction
    return fraction > 0 && !isFollowed(units, last, sign) ? last : 0
  }
  return isDateSign(sign) ? endOfDate(units, runs, run) : 0
}

/** The end of a day, a month and a year in either order; five groups with one sign between them are none. */
function endOfDate(units: Uint16Array, runs: DigitRuns, start: number): number {
  const first = runs.at(start)
  const sign = units[start + first]!
  const place = start + first + 1
  const second = runs.at(place)
  if (first === 3 || first > 4 || second === 0 || second > 2 || !isDateSign(units[place + second]!)) return 0
  const third = runs.at(place + second + 1)
  if (first === 4 ? third !== 1 && third !== 2 : third !== 2 && third !== 4) return 0
  const end = place + second + 1 + third
  if (units[place + second] !== sign || !isFollowed(units, end, sign)) return end
  return isFollowed(units, end + 1 + runs.at(end + 1), sign) ? 0 : end
}

/**
 * Whether a day of a year of four digits begins with these digits, in either order: no number goes on with it, unless all
 * of its groups are divided by the same sign.
 */
export function isDay(units: Uint16Array, runs: DigitRuns, start: number): boolean {
  const first = runs.at(start)
  const sign = units[start + first]!
  if (first > 4 || first === 3 || !isDateSign(sign) || units[start - 1] === sign) return false
  const second = start + first + 1
  const third = second + runs.at(second) + 1
  const end = third + runs.at(third)
  if (third - second > 3 || units[third - 1] !== sign || isFollowed(units, end, sign)) return false
  const [one, other] = [valueOf(units, start, second - 1), valueOf(units, second, third - 1)]
  const last = valueOf(units, third, end)
  if (first === 4) return end - third <= 2 && isYear(one) && isMonthDay(other, last)
  return end - third === 4 && isYear(last) && (isMonthDay(one, other) || isMonthDay(other, one))
}

function isYear(value: number): boolean {
  return value >= 1900 && value < 2100
}

function isMonthDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

function valueOf(units: Uint16Array, start: number, end: number): number {
  let value = 0
  for (let place = start; place < end; place++) value = value * 10 + units[place]! - zero
  return value
}

function isFollowed(units: Uint16Array, place: number, sign: number): boolean {
  return units[place] === sign && isDigit(units[place + 1]!)
}

/** `-`, `.` and `/`. */
export function isDateSign(unit: number): boolean {
  return unit >= 0x2d && unit <= 0x2f
}
