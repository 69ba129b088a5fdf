import { isSessionError } from '../../errors.js'
import type { SessionRef } from '../session-record.js'
import type { Amendment, NewMessage, SessionGuard, SessionStore } from '../session-store.js'
import type { KnownSession, Sealing } from './sealing.js'

const pageSize = 1000

/** Amends of an encrypted store. A payload is sealed for the id of its message, and an amendment names its seq. */
export class SealedAmends {
  readonly #store: SessionStore
  readonly #sealing: Sealing
  /** Looks at a session that is to be written, and at its keys; undefined when it is absent. */
  readonly #look: (ref: SessionRef) => Promise<KnownSession | undefined>

  constructor(
    store: SessionStore,
    sealing: Sealing,
    look: (ref: SessionRef) => Promise<KnownSession | undefined>,
  ) {
    this.#store = store
    this.#sealing = sealing
    this.#look = look
  }

  async amend(ref: SessionRef, amendments: readonly Amendment[], guard: SessionGuard): Promise<number> {
    if (amendments.length === 0) return this.#store.amend(ref, [], guard)
    const cached = this.#sealing.known(ref)
    const known = cached !== undefined && cached.keyIds.length > 0 ? cached : await this.#look(ref)
    if (known === undefined) return 0
    const amended = await this.#amendKnown(ref, amendments, guard, known)
    if (amended > 0 || known !== cached) return amended
    // What was known may be of an earlier session.
    this.#sealing.forget(ref)
    const now = await this.#look(ref)
    if (now === undefined || now.incarnation === known.incarnation) return 0
    return this.#amendKnown(ref, amendments, guard, now)
  }

  async #amendKnown(
    ref: SessionRef,
    amendments: readonly Amendment[],
    guard: SessionGuard,
    { seal, incarnation, keyIds }: KnownSession,
  ): Promise<number> {
    if (guard.incarnation !== undefined && guard.incarnation !== incarnation) return 0
    const ids = await this.#idsOf(ref, amendments)
    const meant: (Amendment & NewMessage)[] = amendments.flatMap(({ seq, payload }) => {
      const id = ids.get(seq)
      return id === undefined ? [] : [{ seq, id, payload }]
    })
    if (meant.length === 0) return 0
    const key = await this.#sealing.keyOf(ref.tenantId, keyIds[0]!)
    const sealed = await this.#sealing.sealMessages(seal, key, meant)
    const payloads = sealed.map(({ seq, payload }) => ({ seq, payload }))
    return this.#store.amend(ref, payloads, { ...guard, incarnation })
  }

  async #idsOf(ref: SessionRef, amendments: readonly Amendment[]): Promise<ReadonlyMap<number, string>> {
    const ids = new Map<number, string>()
    try {
      for (const { first, last } of runsOf(amendments)) {
        let after = first - 1
        for (let more = true; more;) {
          const page = await this.#store.messages(ref, { after, before: last + 1, limit: pageSize })
          for (const { seq, id } of page.messages) ids.set(seq, id)
          after = page.messages.at(-1)?.seq ?? last
          ;({ more } = page)
        }
      }
    } catch (error) {
      if (!isSessionError(error, 'not_found')) throw error
    }
    return ids
  }
}

/** The seqs that are amended, as ranges without gaps. */
function runsOf(amendments: readonly Amendment[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = []
  const seqs = amendments.map(({ seq }) => seq).filter((seq) => Number.isSafeInteger(seq) && seq > 0)
  for (const seq of seqs.toSorted((one, other) => one - other)) {
    const run = runs.at(-1)
    if (run !== undefined && seq <= run.last + 1) run.last = seq
    else runs.push({ first: seq, last: seq })
  }
  return runs
}
