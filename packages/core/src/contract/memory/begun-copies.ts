import type { SessionRef } from '../session-record.js'
import { isMeant } from '../refusals.js'
import type { SessionCopy, SessionGuard } from '../session-store.js'
import type { MemorySession } from './memory-session.js'

// As long as every store keeps the parts of a copy that nobody goes on with.
const keptMs = 60 * 60_000

interface Begun {
  readonly session: MemorySession
  readonly at: number
  readonly bytes: number
}

/** Copies of which the last part is still to come, as `restore` of a `memoryStore` keeps them aside. */
export class BegunCopies {
  /** The one that was gone on with longest ago is first. */
  readonly #begun = new Map<string, Begun>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The copy that was begun for a place, if it is a copy of the same state of the same session. */
  find(
    ref: SessionRef,
    { incarnation, changes }: SessionCopy['record'],
    now: number,
  ): MemorySession | undefined {
    this.#dropBefore(now - keptMs)
    const session = this.#begun.get(keyOf(ref))?.session
    return session?.incarnation === incarnation && session.changes === changes ? session : undefined
  }

  /** Keeps a copy for the parts to come. Past the bound, copies that nobody goes on with are dropped first. */
  put(session: MemorySession, now: number): void {
    this.drop(session)
    this.#begun.set(keyOf(session), { session, at: now, bytes: session.bytes })
    this.#bytes += session.bytes
    for (const { session } of this.#begun.values()) {
      if (this.#bytes <= this.#maxBytes) break
      this.drop(session)
    }
  }

  drop(ref: SessionRef): void {
    const key = keyOf(ref)
    this.#bytes -= this.#begun.get(key)?.bytes ?? 0
    this.#begun.delete(key)
  }

  /** Drops the copy of a place where no session is, if it is the one that is meant. */
  dropMeant(ref: SessionRef, guard?: SessionGuard): void {
    if (isMeant(this.#begun.get(keyOf(ref))?.session, guard)) this.drop(ref)
  }

  #dropBefore(moment: number): void {
    for (const { session, at } of this.#begun.values()) {
      if (at > moment) break
      this.drop(session)
    }
  }
}

function keyOf({ tenantId, id }: SessionRef): string {
  return JSON.stringify([tenantId, id])
}
