import * as z from 'zod/mini'
import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { byteLength } from '../json.js'
import { parseWith, tryWith } from '../parse.js'

/** Who did something: a user, an admin or a caller without a user, the application's own code, or the service. */
export type AuditActor = { readonly userId: string } | 'admin' | 'anonymous' | 'host' | 'system'

/**
 * How an operation stands. `intent` is written before it begins, one of the others when it has ended. An access is one
 * entry, `done`, written before anything is shown.
 */
export type AuditOutcome = 'intent' | 'done' | 'refused' | 'failed'

/** What an entry says in addition: few, short values, and no content. */
export type AuditDetail = Readonly<Record<string, string | number | boolean>>

/** Something that was done, or was tried. */
export interface AuditEntry {
  /** Names the operation: its intent and its outcome have the same id. */
  readonly id: string
  /** Epoch ms, by the store's clock. */
  readonly at: number
  /** What was done, such as `user.erase`. */
  readonly action: string
  /** `user:` and the user's pseudonym, or the word for another actor. */
  readonly actor: string
  /** Whose data it was about, in the same form. */
  readonly subject?: string | undefined
  /** The session that it is about. */
  readonly sessionId?: string | undefined
  /** How it ended, or `intent` before it began. */
  readonly outcome: AuditOutcome
  /** The request that caused it, as in `X-Request-Id`. */
  readonly requestId?: string | undefined
  /** More about it: no content, and no names. */
  readonly detail: AuditDetail
  /** The lane that it stands in. */
  readonly lane: string
  /** Its place in the lane, from 1 on. */
  readonly seq: number
}

/** An entry before it has its place. */
export type NewEntry = Omit<AuditEntry, 'at' | 'lane' | 'seq'>

/** What the application writes. */
export interface AuditInput {
  /** The tenant that it belongs to. */
  tenantId: string
  /** What was done, such as `report.sent`: 1 to 60 of a-z, 0-9, `.`, `_` and `-`. */
  action: string
  /** Who did it (default: `host`). */
  actor?: AuditActor
  /** Whose data it was about (default: nobody's). */
  subject?: { readonly userId: string }
  /** The operation erases the data of the subject, for whom no pseudonym is made any more (default false). */
  erases?: boolean
  /** The session it was about (default: none). */
  sessionId?: string
  /** How it stands (default: `done`). */
  outcome?: AuditOutcome
  /** The id of the operation, to join an outcome to its intent (default: a new one). */
  id?: string
  /** The request that caused it, at most 128 characters (default: none). */
  requestId?: string
  /** At most 1 KiB of JSON. Put in no content, and no names (default: nothing). */
  detail?: AuditDetail
}

const maxDetailBytes = 1024
const id = z.string().check(z.minLength(1), z.maxLength(200))
const user = z.object({ userId: id })
const outcomes = ['intent', 'done', 'refused', 'failed'] as const
const actors = ['admin', 'anonymous', 'host', 'system'] as const

const inputSchema = z.strictObject({
  tenantId: id,
  action: z.string().check(z.regex(/^[a-z0-9._-]{1,60}$/, 'must be 1 to 60 of a-z, 0-9, ., _ and -')),
  actor: z._default(z.union([user, z.enum(actors)]), 'host'),
  subject: z.optional(user),
  erases: z.optional(z.boolean()),
  sessionId: z.optional(id),
  outcome: z._default(z.enum(outcomes), 'done'),
  id: z.optional(id),
  requestId: z.optional(z.string().check(z.maxLength(128))),
  detail: z._default(
    z.record(z.string().check(z.maxLength(60)), z.union([z.string(), z.number(), z.boolean()])),
    {},
  ),
})

/** What the application writes, after checks. @throws `invalid`, `too_large` */
export function parseInput(given: AuditInput) {
  const input = parseWith(inputSchema, given, '')
  const detail = JSON.stringify(input.detail)
  if (byteLength(detail) > maxDetailBytes)
    throw new SessionError('too_large', `detail has more than ${maxDetailBytes} bytes`, { path: 'detail' })
  const named = input.subject?.userId
  if (named !== undefined && named.length >= 3 && detail.includes(named))
    throw new SessionError('invalid', 'detail names the user, and no entry may', { path: 'detail' })
  return { ...input, id: input.id ?? newId() }
}

const storedSchema = z.object({
  id: z.string(),
  at: z.number(),
  action: z.string(),
  actor: z.string(),
  subject: z.optional(z.string()),
  sessionId: z.optional(z.string()),
  outcome: z.enum(outcomes),
  requestId: z.optional(z.string()),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})

/** The text of an entry, as its lane keeps it. */
export function encodeEntry({ id, action, actor, outcome, detail, ...others }: NewEntry, at: number): string {
  const { subject, sessionId, requestId } = others
  return JSON.stringify({ id, at, action, actor, subject, sessionId, outcome, requestId, detail })
}

/** The entry of a text; undefined for what is none, which `verify` names. */
export function decodeEntry(text: string, lane: string, seq: number): AuditEntry | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const parsed = tryWith(storedSchema, value)
  return parsed.success ? { ...parsed.data, lane, seq } : undefined
}
