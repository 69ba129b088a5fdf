import * as z from 'zod/mini'
import { SessionError } from '../errors.js'
import { parseWith } from '../parse.js'

/** What a user consents to: one of these, or a purpose of your own, such as `newsletter`. */
export type ConsentPurpose = 'storage' | 'personalization' | 'analytics' | 'memory' | (string & {})

/** What a user has said about one purpose. */
export interface ConsentDecision {
  /** Whether the user allows it. */
  readonly granted: boolean
  /** Of the text that the user was shown. */
  readonly version: string
  /** Where the user said so: a page, a banner, a call. */
  readonly source: string
  /** Epoch ms, an estimate of the store's clock. */
  readonly at: number
}

/** A decision of a user, to be noted. */
export interface ConsentChange {
  /** 1 to 60 characters of a-z, 0-9, `.`, `_` and `-`. */
  purpose: ConsentPurpose
  /** Whether the user consents. */
  granted: boolean
  /** The version of the text that the user was shown; 1 to 100 characters. */
  version: string
  /** Where the user said so; 1 to 100 characters. */
  source: string
}

/** What was decided, by purpose, and what was decided before. */
export interface Consents {
  /** What was decided last, by purpose. */
  readonly purposes: Readonly<Record<string, ConsentDecision>>
  /** The newest 100 decisions, the oldest first. */
  readonly history: readonly (ConsentDecision & { readonly purpose: string })[]
}

export const noConsents: Consents = { purposes: {}, history: [] }

const maxHistory = 100
// Of the application. A user can decide at any time on what the library itself does.
const maxPurposes = 50
const ofLibrary: readonly string[] = ['storage', 'personalization', 'analytics', 'memory']
const short = z.string().check(z.minLength(1), z.maxLength(100))
const purpose = z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'must be 1 to 60 of a-z 0-9 . _ -'))
/** @throws `invalid` */
export function checkPurpose(text: ConsentPurpose): void {
  if (purpose.safeParse(text).success) return
  throw new SessionError('invalid', 'a purpose must be 1 to 60 of a-z 0-9 . _ -', { path: 'purpose' })
}

export const consentChangeSchema = z.strictObject({
  purpose,
  granted: z.boolean(),
  version: short,
  source: short,
})

const decision = { granted: z.boolean(), version: z.string(), source: z.string(), at: z.number() }
export const consentsSchema: z.core.$ZodType<Consents> = z.looseObject({
  purposes: z.record(z.string(), z.looseObject(decision)),
  history: z.array(z.looseObject({ ...decision, purpose: z.string() })),
})

/** @throws `invalid` */
export function parseConsentChange(change: ConsentChange): ConsentChange {
  return parseWith(consentChangeSchema, change, 'consent')
}

/** The decisions with one more. @throws `limit_reached` for too many purposes. */
export function decided(before: Consents, change: ConsentChange, at: number): Consents {
  const { purpose: of, granted, version, source } = change
  const next = { granted, version, source, at }
  const known = before.purposes
  if (!hasRoom(before, of)) {
    throw new SessionError('limit_reached', `There are already ${maxPurposes} purposes.`, { path: 'purpose' })
  }
  return {
    ...before,
    purposes: { ...known, [of]: next },
    history: [...before.history, { ...next, purpose: of }].slice(-maxHistory),
  }
}

function hasRoom({ purposes }: Consents, of: string): boolean {
  if (Object.hasOwn(purposes, of) || ofLibrary.includes(of)) return true
  return Object.keys(purposes).filter((known) => !ofLibrary.includes(known)).length < maxPurposes
}

/**
 * The decisions of a user, with those of an anonymous session that becomes the user's: of two on a purpose the stricter
 * one holds, and of two that agree the newer one. Purposes for which there is no room are left out.
 */
export function merged(user: Consents, guest: Consents): Consents {
  let all = user
  for (const [of, said] of Object.entries(guest.purposes)) {
    const known = user.purposes[of]
    const holds = known === undefined || (said.granted === known.granted ? said.at > known.at : !said.granted)
    if (holds && hasRoom(all, of)) all = decided(all, { ...said, purpose: of }, said.at)
  }
  return all
}

/**
 * The purposes that are denied now and were not before; also those whose denial before was this one of the anonymous
 * session: whoever noted it may have died before anything was removed.
 */
export function withdrawn(before: Consents, guest: Consents, after: Consents): string[] {
  return Object.entries(after.purposes)
    .filter(([of, { granted }]) => {
      const [known, said] = [before.purposes[of], guest.purposes[of]]
      const isNotedAlready = known?.at === said?.at && known?.source === said?.source
      return !granted && (known?.granted !== false || isNotedAlready)
    })
    .map(([of]) => of)
}
