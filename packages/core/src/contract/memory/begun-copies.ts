import type { SessionRef } from '../session-record.js'
import { isMeant } from '../refusals.js'
import type { SessionCopy, SessionGuard } from '../session-store.js'
import type { MemorySession } from './memory-session.js'

// Every store keeps the parts of an unfinished copy for this long.
const keptMs = 60 * 60_000

interface Begun {
  readonly session: MemorySession
  readonly at: number
  readonly bytes: number
}

/** Unfinished copies, whose last part is still to come: `restore` of a `memoryStore` keeps them aside here. */
export class BegunCopies {
  /** The copy that has waited longest for its next part is first. */
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

  /**
   * Keeps a copy for the parts to come. Past the bound, the copies that have waited longest for a part are dropped
   * first.
   */
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

  /** Drops the copy that was begun for a place without a session, if the guard means that copy. */
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
