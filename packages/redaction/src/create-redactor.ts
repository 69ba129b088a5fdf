import type { CountryCode } from 'libphonenumber-js/max'
import { findCards } from './find/find-cards.js'
import { findEmails } from './find/find-emails.js'
import { findIbans } from './find/find-ibans.js'
import { findIps } from './find/find-ips.js'
import { type OwnPattern, ownFinder } from './find/find-own.js'
import { phoneFinder } from './find/find-phones.js'
import { markAll, placesOf } from './mark-all.js'
import type { MarkedText } from './text/marked-text.js'
import { ReplacedText } from './text/replaced-text.js'
import type { Find, RedactorKind } from './span.js'

/** Something that was found, and is to be replaced. */
export interface Found {
  /** A `RedactorKind`, or the `kind` of a pattern of your own. */
  readonly kind: string
  /** What stands in the text. */
  readonly text: string
}

/** What a redactor finds, and what it puts in its place. */
export interface RedactorOptions {
  /** What is looked for beside your own patterns (default: everything). */
  kinds?: readonly RedactorKind[]
  /**
   * The countries whose phone numbers are found without `+`, by ISO 3166 such as `DE` (default: none; numbers with `+`
   * are found for all countries).
   */
  countries?: readonly CountryCode[]
  /**
   * What takes the place of what was found (default: its kind in brackets, such as `[email]`). It must give the same
   * for the same, and nothing that would be found again.
   */
  replace?: (found: Found) => string
  /** Patterns of your own, looked for before all others (default: none). */
  custom?: readonly OwnPattern[]
}

/** Takes what it finds out of a text. The same text gives the same result, and a redacted text stays as it is. */
export interface Redactor {
  /** At once, however long the text is. */
  (text: string): string
  /** As the service calls it: a text of more than 8,192 UTF-16 units comes later, and lets other work go on meanwhile. */
  (text: string, where: unknown): string | Promise<string>
}

const optionNames = 'kinds, countries, replace and custom'

const allKinds: readonly RedactorKind[] = ['email', 'iban', 'ip', 'card', 'phone']
// What was replaced may have stood in the middle of something else.
const mostRounds = 4
// A text of so many UTF-16 units is redacted at once.
const shortLength = 8192
const turnMs = 5

/**
 * A function that takes e-mail addresses, account numbers (IBAN), IP addresses, card and phone numbers, and patterns of
 * your own out of texts. The time it takes grows with the length of the text and with nothing else. Names of people are
 * not found: see the README.
 *
 * @throws `TypeError` for options that cannot be used.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { createRedactor } from '@sessions/redaction'
 *
 * const sessions = createSessions({ redact: createRedactor({ countries: ['DE', 'AT'] }) })
 * ```
 */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  if (typeof options !== 'object' || options === null) throw new TypeError('The options must be an object')
  const { kinds = allKinds, countries = [], replace = inBrackets, custom = [], ...others } = options
  for (const name of Object.keys(others))
    throw new TypeError(`There is no option ${name}: there are ${optionNames}`)
  for (const [name, list] of Object.entries({ kinds, countries, custom }))
    if (!Array.isArray(list)) throw new TypeError(`${name} must be a list`)
  for (const kind of kinds)
    if (!allKinds.includes(kind))
      throw new TypeError(`kinds: there is no ${kind}: there are ${allKinds.join(', ')}`)
  if (typeof replace !== 'function') throw new TypeError('replace must be a function')
  const phones = phoneFinder(countries)
  const own = custom.map((pattern) => ({ find: ownFinder(pattern), kind: pattern.kind }))
  // Brackets do not tell what stood there, so it is not cut out for them.
  const insteadOf = (kind: string, text: string, start: number, end: number): string =>
    replace({ kind, text: replace === inBrackets ? '' : text.slice(start, end) })
  function* redacting(text: string): Generator<undefined, string, undefined> {
    const finders: Record<RedactorKind, Find<MarkedText>> = {
      email: findEmails,
      iban: findIbans,
      ip: findIps,
      card: findCards,
      phone: phones(),
    }
    const chosen = allKinds
      .filter((kind) => kinds.includes(kind))
      .map((kind) => ({ kind, find: finders[kind] }))
    let redacted = text
    for (let round = 1; round <= mostRounds; round++) {
      const before = redacted
      for (const { kind, find } of own) {
        const text = redacted
        const replaced = new ReplacedText(text)
        for (const places of placesOf(find(text), [0, text.length])) {
          for (let index = 0; index < places.length; index += 2) {
            const [start, end] = [places[index]!, places[index + 1]!]
            replaced.put(start, end, insteadOf(kind, text, start, end))
          }
          yield
        }
        redacted = replaced.end()
      }
      // Beside the kinds in brackets nothing is found that was not found before; beside what the host puts may be.
      if (round > 1 && replace === inBrackets && redacted === before) break
      const text = redacted
      const marked = yield* markAll(text, chosen)
      if (marked !== undefined) {
        const replaced = new ReplacedText(text)
        yield* marked.eachMark((number, start, end) => {
          const { kind } = chosen[number - 1]!
          replaced.put(start, end, insteadOf(kind, text, start, end))
        })
        redacted = replaced.end()
      }
      if (redacted === before) break
    }
    return redacted
  }
  function redact(text: string): string
  function redact(text: string, where: unknown): string | Promise<string>
  function redact(text: string, ...where: readonly unknown[]): string | Promise<string> {
    const work = redacting(text)
    return where.length > 0 && text.length > shortLength ? inTurns(work) : atOnce(work)
  }
  return redact
}

function atOnce<Result>(work: Generator<undefined, Result, undefined>): Result {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

/** Lets other work of the process go on every few milliseconds. */
async function inTurns(work: Generator<undefined, string, undefined>): Promise<string> {
  for (let since = performance.now(); ;) {
    const { done, value } = work.next()
    if (done === true) return value
    if (performance.now() - since < turnMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    since = performance.now()
  }
}

function inBrackets({ kind }: Found): string {
  return `[${kind}]`
}
