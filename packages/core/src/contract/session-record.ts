/** Where a session is kept. Nothing is ever looked up by a bare id. */
export interface SessionRef {
  /** Whose session it is: a tenant of the application. */
  readonly tenantId: string
  /** Names the session within its tenant. It is public and opens nothing. */
  readonly id: string
}

/** What a store knows of a session beside its body and its messages. All times are the store's own, epoch ms. */
export interface SessionRecord extends SessionRef {
  /** Tells this session from an earlier one that had the same id and was deleted. */
  readonly incarnation: string
  /** Counts changes of the body: 1 when made. The compare-and-set token. */
  readonly revision: number
  /**
   * Counts what changes the session: each commit that is applied, each amend that replaces a payload, and each trim
   * that moves `trimmedSeq` add 1. A call that a store does in several steps may add 1 for each step. The count starts
   * at 1, and never has the same value twice in one incarnation. Two reads with the same incarnation and the same
   * `changes` gave the same session.
   */
  readonly changes: number
  /** `seq` of the newest message ever appended; 0 when there was none. */
  readonly lastSeq: number
  /** Messages up to and including this `seq` were trimmed away; 0 when none was. */
  readonly trimmedSeq: number
  /**
   * How many bytes of UTF-8 its payloads take together. A character that a store has to write in another way, such as
   * NUL, may count for more. Never below 0, also where a copy said too few.
   */
  readonly bytes: number
  /** When it was made, by the store's clock. */
  readonly createdAt: number
  /** The time of the newest commit. */
  readonly updatedAt: number
  /** The last activity, in coarse steps of up to a minute; `list` orders by it. */
  readonly activeAt: number
  /** Its deadline; absent when it never expires. */
  readonly expiresAt?: number
  /** The session's own lifetime, which goes before what commits say; absent when it has none. */
  readonly lifetime?: OwnLifetime
  /** The user it belongs to; absent when it is anonymous. */
  readonly userId?: string
  /** What kind of session it is, for `list`; absent when it has none. */
  readonly label?: string
  /** As people read it; absent when it has none. */
  readonly title?: string
}

/** How long one session lives, whatever commits say. */
export interface OwnLifetime {
  /** Milliseconds from a commit to the deadline; null: idleness does not end it (default: as the commit says). */
  readonly idleMs?: number | null
  /** Milliseconds from its creation to the latest deadline; null: age does not end it (default: as the commit says). */
  readonly absoluteMs?: number | null
}

/**
 * The ids of tenants in which the library keeps records of its own, beside those of applications, begin with this:
 * `~kind:tenant`. The tenant of an application must not begin with it.
 */
export const reservedTenantPrefix = '~'

/**
 * Where nothing ever is: whoever asks a store whether it answers reads this. A store over stores answers as soon as one of
 * them does, whichever has the place.
 */
export const probeRef: SessionRef = { tenantId: `${reservedTenantPrefix}clock:health`, id: 'health' }

/** The kind of tenant in which an encrypted store keeps wrapped keys. */
export const keyKind = `${reservedTenantPrefix}keys`

/** The kind of record that a tenant holds; empty for sessions of an application. */
export function recordKindOf(tenantId: string): string {
  return tenantId.startsWith(reservedTenantPrefix) ? tenantId.split(':', 1)[0]! : ''
}
