import type { CountryCode } from 'libphonenumber-js/max'
import { findCards } from './find-cards.js'
import { findEmails } from './find-emails.js'
import { findIbans } from './find-ibans.js'
import { findIps } from './find-ips.js'
import { type OwnPattern, ownFinder } from './find-own.js'
import { phoneFinder } from './find-phones.js'
import { toPlainText } from './plain-text.js'
import type { Find, Look, Span } from './span.js'

/** What a redactor finds by itself. */
export type RedactorKind = 'email' | 'iban' | 'ip' | 'card' | 'phone'

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

const allKinds: readonly RedactorKind[] = ['email', 'iban', 'ip', 'card', 'phone']
// What was replaced may have stood in the middle of something else.
const mostRounds = 4
// What is looked through in one go, in UTF-16 units.
const lookLength = 8192
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
  const { kinds = allKinds, countries = [], replace = inBrackets, custom = [] } = options
  for (const kind of kinds) if (!allKinds.includes(kind)) throw new TypeError(`kinds: there is no ${kind}`)
  if (typeof replace !== 'function') throw new TypeError('replace must be a function')
  const finders: Record<RedactorKind, Find> = {
    email: findEmails,
    iban: findIbans,
    ip: findIps,
    card: findCards,
    phone: phoneFinder(countries),
  }
  const steps: readonly { readonly kind: string; readonly find: Find; readonly isOwn: boolean }[] = [
    ...custom.map((own) => ({ kind: own.kind, find: ownFinder(own), isOwn: true })),
    ...allKinds
      .filter((kind) => kinds.includes(kind))
      .map((kind) => ({ kind, find: finders[kind], isOwn: false })),
  ]
  function* once(text: string): Generator<undefined, string, undefined> {
    let redacted = text
    let plain: string | undefined
    let hasDigit = false
    for (const { kind, find, isOwn } of steps) {
      if (!isOwn && plain === undefined) {
        plain = yield* toPlainText(redacted)
        hasDigit = /\d/.test(plain)
      }
      // All but an e-mail address have digits, and most of what people write has none.
      if (!isOwn && kind !== 'email' && !hasDigit) continue
      const look = find(isOwn ? redacted : plain!)
      const after = yield* replaced(redacted, look, (text) => replace({ kind, text }))
      if (after !== redacted) plain = undefined
      redacted = after
    }
    return redacted
  }
  function* redacting(text: string): Generator<undefined, string, undefined> {
    let redacted = text
    for (let round = 1; round <= mostRounds; round++) {
      const before = redacted
      redacted = yield* once(before)
      if (redacted === before) break
    }
    return redacted
  }
  function redact(text: string): string
  function redact(text: string, where: unknown): string | Promise<string>
  function redact(text: string, ...where: readonly unknown[]): string | Promise<string> {
    const work = redacting(text)
    return where.length > 0 && text.length > lookLength ? inTurns(work) : atOnce(work)
  }
  return redact
}

function atOnce(work: Generator<undefined, string, undefined>): string {
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

/** Made as one text that grows: a list of its parts takes three times as long to join. */
function* replaced(
  text: string,
  look: Look,
  replace: (found: string) => string,
): Generator<undefined, string, undefined> {
  const found: Span[] = []
  let redacted = ''
  let after = 0
  for (let from = 0; from < text.length; yield) {
    from = look(found, from, Math.min(text.length, from + lookLength))
    for (const { start, end } of found) {
      redacted += text.slice(after, start) + replace(text.slice(start, end))
      after = end
    }
    found.length = 0
  }
  return after === 0 ? text : redacted + text.slice(after)
}
