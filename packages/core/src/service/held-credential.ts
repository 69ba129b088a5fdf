import { SessionError } from '../errors.js'
import { type Identity, mayOpen } from '../domain/identity.js'
import type { SessionBody } from '../domain/session-body.js'
import type { SessionRecord } from '../contract/session-record.js'

type Generation = Pick<SessionBody, 'generation'>

// As long as a stream goes on whose credential was replaced.
const freshMs = 1000

/** What opened the session of a handle: a credential, or who the caller is. */
export class HeldCredential {
  readonly #identity: Identity
  /** Of the credential; undefined when the identity alone opened the session. */
  #generation: number | undefined
  /** Of those that changes of this handle make: another call of it may see one before the change has its answer. */
  readonly #coming: number[] = []
  /** When the session was last read. */
  lookedAt = performance.now()

  constructor(identity: Identity, generation: number | undefined) {
    this.#identity = identity
    this.#generation = generation
  }

  /** Whether no other credential has replaced it. */
  isCurrent({ generation }: Generation): boolean {
    return this.#generation === undefined || this.#generation === generation
  }

  /** Whether a session that the caller may open is still open to this handle. */
  opens(record: SessionRecord, body: Generation): boolean {
    return (
      this.isCurrent(body) || this.#coming.includes(body.generation) || mayOpen(this.#identity, record, false)
    )
  }

  /** Whether it is time to read the session: no commit of messages alone tells whether this still opens it. */
  isOld(record: SessionRecord): boolean {
    return performance.now() - this.lookedAt >= freshMs && !mayOpen(this.#identity, record, false)
  }

  /** From here on it is the one of this generation, because this handle made it; an earlier one may be told later. */
  become(generation: number): void {
    this.#forget(generation)
    if (this.#generation !== undefined) this.#generation = Math.max(this.#generation, generation)
  }

  /** @param next What a change of this handle makes of the session. */
  awaits(before: Generation, next: Generation): void {
    if (next.generation !== before.generation) this.#coming.push(next.generation)
  }

  /** It awaits no longer what a change did not make. */
  gaveUp(before: Generation, next: Generation): void {
    if (next.generation !== before.generation) this.#forget(next.generation)
  }

  /** Two calls may await the same one. */
  #forget(generation: number): void {
    const at = this.#coming.indexOf(generation)
    if (at !== -1) this.#coming.splice(at, 1)
  }
}

/** On whom an append insists: a guest may have signed in since, and the session is another user's. */
export function ownerOf(identity: Identity, { userId }: SessionRecord): { ownedBy?: string } {
  return userId !== undefined && userId === identity.userId ? { ownedBy: userId } : {}
}

/** The same error for a session that is unknown, expired, deleted or another caller's. */
export function noSuchSession(): SessionError {
  return new SessionError('not_found', 'There is no such session.')
}
