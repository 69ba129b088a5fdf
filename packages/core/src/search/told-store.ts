import type { SessionRef } from '../contract/session-record.js'
import type { Committed, SessionChange, SessionStore } from '../contract/session-store.js'
import { isSessionError } from '../errors.js'
import { newId } from '../ids.js'
import { repeatUnknown } from '../service/unknown-outcome.js'
import { sideRecordRef } from '../service/side-records.js'
import type { SearchRecorder } from './recorder.js'

/** Finds the notes of what an index must not miss. */
export const noteLabel = 'note'
/** How long a note waits for a sweep. */
const noteMs = 30 * 24 * 3_600_000

/**
 * A store that tells the index of what it stores. What is added comes soon. What goes, or changes hands, is first noted in
 * the store, so that a sweep does it when this process dies over it.
 */
export function toldStore(
  store: SessionStore,
  recorder: SearchRecorder,
): Pick<SessionStore, 'commit' | 'amend' | 'trim' | 'remove' | 'restore'> {
  return {
    async commit(ref, change) {
      if (!changesOwner(change)) return noting(recorder, change, await store.commit(ref, change))
      return noted(store, recorder, ref, async () => {
        const committed = await store.commit(ref, change)
        // What was said before is put first, under nobody's name.
        noting(recorder, change, committed)
        return { value: committed, tell: async () => recorder.own(committed.record) }
      })
    },

    amend: async (ref, amendments, guard) =>
      noted(store, recorder, ref, async () => {
        const seqs = amendments.map(({ seq }) => seq)
        const value = await store.amend(ref, amendments, guard)
        return value === 0 ? { value } : { value, tell: async () => recorder.putAgain(ref, seqs) }
      }),

    trim: async (ref, throughSeq, guard) =>
      noted(store, recorder, ref, async () => {
        const value = await store.trim(ref, throughSeq, guard)
        // Another process may put later what was said before: a sweep looks once more.
        return value === 0 ? { value } : { value, tell: async () => recorder.dropTrimmed(ref), isTwice: true }
      }),

    async remove(ref, guard) {
      const incarnation = guard?.incarnation ?? (await store.read(ref))?.record.incarnation
      const work = async () => {
        const value = await store.remove(ref, guard)
        if (!value || incarnation === undefined) return { value }
        const session = { sessionId: ref.id, incarnation }
        // As after a trim.
        return { value, tell: async () => recorder.index.drop(ref.tenantId, session), isTwice: true }
      }
      // A store without room for the note gets room by nothing else.
      return noted(store, recorder, ref, work, { frees: true })
    },

    async restore(ref, copy) {
      if (copy.more === true) return store.restore(ref, copy)
      return noted(store, recorder, ref, async () => {
        await store.restore(ref, copy)
        return { value: undefined, tell: async () => void (await recorder.reindex(ref)) }
      })
    },
  }
}

const changesOwner = ({ userId, revision }: SessionChange): boolean => userId !== undefined && revision !== 0

function noting(recorder: SearchRecorder, change: SessionChange, committed: Committed): Committed {
  const { messages = [], title } = change
  if (title !== undefined) recorder.noteTitle(committed.record)
  if (messages.length === 0) return committed
  const stored = committed.messages.map(({ id, seq, at }, index) => {
    const { payload } = messages[index]!
    return { id, seq, at, payload }
  })
  recorder.note(committed.record, stored)
  return committed
}

interface Done<Value> {
  readonly value: Value
  /** What the index has to be told (default: nothing). */
  readonly tell?: () => Promise<void>
  /** A sweep does it again (default false). */
  readonly isTwice?: boolean
}

/** Does what an index must not miss: a note of it stands in the store until the index was told. */
async function noted<Value>(
  store: SessionStore,
  recorder: SearchRecorder,
  { tenantId, id }: SessionRef,
  work: () => Promise<Done<Value>>,
  { frees = false }: { readonly frees?: boolean } = {},
): Promise<Value> {
  const ref = sideRecordRef('search', tenantId, newId())
  const note = { revision: 0, incarnation: newId(), label: noteLabel, idleMs: noteMs }
  try {
    await repeatUnknown(() => store.commit(ref, { ...note, body: JSON.stringify({ sessionId: id }) }))
  } catch (error) {
    // Nobody else knows its id: an answer was lost.
    const isThere = isSessionError(error, 'conflict')
    if (!isThere && (!frees || !isSessionError(error, 'store_full'))) throw error
  }
  const forget = async () => void (await store.remove(ref))
  try {
    const { value, tell, isTwice = false } = await work()
    recorder.tell(tenantId, async () => {
      await tell?.()
      if (!isTwice) await forget()
    })
    return value
  } catch (error) {
    // It may have been done: then the note stays.
    if (!isSessionError(error, 'unknown_outcome')) recorder.tell(tenantId, forget)
    throw error
  }
}
