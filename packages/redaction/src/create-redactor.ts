import type { CountryCode } from 'libphonenumber-js/max'
import { findCards } from './find-cards.js'
import { findEmails } from './find-emails.js'
import { findIbans } from './find-ibans.js'
import { findIps } from './find-ips.js'
import { type OwnPattern, ownFinder } from './find-own.js'
import { phoneFinder } from './find-phones.js'
import { toPlainText } from './plain-text.js'
import type { Find, Look } from './span.js'
import { GrowingText, UnitText } from './unit-text.js'

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
  const own = custom.map((pattern) => ({ kind: pattern.kind, find: ownFinder(pattern) }))
  function newSteps(): readonly Step[] {
    const all: Record<RedactorKind, Find<UnitText>> = {
      email: findEmails,
      iban: findIbans,
      ip: findIps,
      card: findCards,
      phone: phoneFinder(countries),
    }
    return allKinds
      .filter((kind) => kinds.includes(kind))
      .map((kind) => ({ kind, find: all[kind], seen: undefined }))
  }
  function* once(text: UnitText, steps: readonly Step[]): Generator<undefined, UnitText, undefined> {
    let draft: Draft = { text, plain: text }
    for (const { kind, find } of own) {
      draft = yield* replaced(draft, find(draft.text.string), kind, replace)
    }
    draft = { text: draft.text, plain: yield* toPlainText(draft.text) }
    let looked: UnitText | undefined
    let hasDigit = false
    for (const step of steps) {
      if (looked !== draft.plain) hasDigit = draft.plain.holdsDigit
      looked = draft.plain
      // All but an e-mail address have digits, and most of what people write has none.
      if (step.kind !== 'email' && !hasDigit) continue
      if (step.seen === looked) continue
      draft = yield* replaced(draft, step.find(looked), step.kind, replace)
      step.seen = looked
    }
    return draft.text
  }
  function* redacting(text: string): Generator<undefined, string, undefined> {
    const steps = newSteps()
    let redacted = UnitText.of(text)
    for (let round = 1; round <= mostRounds; round++) {
      const before = redacted
      redacted = yield* once(before, steps)
      if (redacted === before || redacted.string === before.string) break
    }
    return redacted.string
  }
  function redact(text: string): string
  function redact(text: string, where: unknown): string | Promise<string>
  function redact(text: string, ...where: readonly unknown[]): string | Promise<string> {
    const work = redacting(text)
    return where.length > 0 && text.length > lookLength ? inTurns(work) : atOnce(work)
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

interface Step {
  readonly kind: RedactorKind
  readonly find: Find<UnitText>
  /** What it has looked through last: what it found there is taken out, and it would find nothing more. */
  seen: UnitText | undefined
}

/** A text, and the same with plain digits and signs: one object where both are the same. */
interface Draft {
  readonly text: UnitText
  readonly plain: UnitText
}

function* replaced(
  draft: Draft,
  look: Look,
  kind: string,
  replace: (found: Found) => string,
): Generator<undefined, Draft, undefined> {
  const { text, plain } = draft
  const { length } = text
  const found: number[] = []
  const mark = replace === inBrackets ? UnitText.of(`[${kind}]`) : undefined
  const isPlain = text === plain && mark !== undefined
  let redacted: GrowingText | undefined
  let redactedPlain: GrowingText | undefined
  let after = 0
  for (let from = 0; from < length; yield) {
    from = look(found, from, Math.min(length, from + lookLength))
    for (let index = 0; index < found.length; index += 2) {
      const [start, end] = [found[index]!, found[index + 1]!]
      const put = mark ?? UnitText.of(replace({ kind, text: text.string.slice(start, end) }))
      redacted ??= new GrowingText(length)
      redacted.add(text, after, start)
      redacted.add(put, 0, put.length)
      if (!isPlain) {
        redactedPlain ??= new GrowingText(length)
        redactedPlain.add(plain, after, start)
        redactedPlain.add(atOnce(toPlainText(put)), 0, put.length)
      }
      after = end
    }
    found.length = 0
  }
  if (redacted === undefined) return draft
  redacted.add(text, after, length)
  redactedPlain?.add(plain, after, length)
  const whole = redacted.end()
  return { text: whole, plain: redactedPlain?.end() ?? whole }
}
