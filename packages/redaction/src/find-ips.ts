import { isIPv4, isIPv6 } from 'node:net'
import { isDigit, isWord, type Span } from './span.js'

const [dot, colon] = [0x2e, 0x3a]
// The longest form of IPv6, with IPv4 at its end.
const longest = 45

/** IP addresses, of version 4 and 6. */
export function findIps(text: string): Span[] {
  const found: Span[] = []
  let after = 0
  for (const { index } of text.matchAll(/[.:]/g)) {
    if (index < after) continue
    let start = index
    while (start > after && isPart(text.charCodeAt(start - 1))) start--
    let end = index + 1
    while (isPart(text.charCodeAt(end))) end++
    after = end
    // A sign before an address is none of it, but for the two that an address may begin with.
    while (
      text.charCodeAt(start) === dot ||
      (text.charCodeAt(start) === colon && text.charCodeAt(start + 1) !== colon)
    )
      start++
    const isAlone = end - start > 2 && !isWord(text.charCodeAt(start - 1)) && !isWord(text.charCodeAt(end))
    const span = isAlone ? addressIn(text, start, end) : undefined
    if (span !== undefined) found.push(span)
  }
  return found
}

/** The address in a run of what addresses are made of: a sentence may end behind it, or a port follow. */
function addressIn(text: string, start: number, to: number): Span | undefined {
  let end = to
  while (end > start && text.charCodeAt(end - 1) === dot) end--
  // A longer run begins with a whole address, or with none.
  const run = text.slice(start, Math.min(end, start + longest + 10))
  const colons = run.split(':').length - 1
  if (colons >= 2) {
    const address = run.endsWith(':') && !run.endsWith('::') ? run.slice(0, -1) : run
    // Names in programs look like `Bad::Cafe`.
    if (/\d/.test(address) && isIPv6(address)) return { start, end: start + address.length }
    const label = address.indexOf(':')
    const rest = address.slice(label + 1)
    return isIPv4(rest) ? { start: start + label + 1, end: start + address.length } : undefined
  }
  const [first = '', second = ''] = run.split(':')
  if (isIPv4(first)) return { start, end: start + first.length }
  return isIPv4(second) ? { start: start + first.length + 1, end: start + run.length } : undefined
}

function isPart(unit: number): boolean {
  return isDigit(unit) || unit === dot || unit === colon || isHex(unit)
}

function isHex(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x46) || (unit >= 0x61 && unit <= 0x66)
}
