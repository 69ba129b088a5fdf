import { isSessionError } from '../errors.js'
import { recordKindOf, type SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import type { SessionBus, SessionNotice } from './session-bus.js'

/** A store that tells a bus of every change to a session, once it is stored or may be. */
export function announcing(store: SessionStore, bus: SessionBus): SessionStore {
  const publish = ({ tenantId, id }: SessionRef, notice: Omit<SessionNotice, 'tenantId' | 'id'>): void => {
    // Records of the library's own are nobody's to watch.
    if (recordKindOf(tenantId) === '') bus.publish([{ tenantId, id, ...notice }])
  }
  /** Of a call whose outcome nobody knows, others hear, too: they look, and see what came of it. */
  const tellUnknown = (ref: SessionRef, kind: SessionNotice['kind'], error: unknown): void => {
    if (isSessionError(error, 'unknown_outcome')) publish(ref, { kind })
  }
  const orUnknown = async <T>(ref: SessionRef, kind: SessionNotice['kind'], call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      tellUnknown(ref, kind, error)
      throw error
    }
  }
  return {
    read: (ref, options) => store.read(ref, options),
    messages: (ref, query) => store.messages(ref, query),
    list: (query) => store.list(query),
    sweep: (options) => store.sweep(options),

    async commit(ref, change) {
      // Every append comes through here, so it makes no more promises than it needs.
      try {
        const committed = await store.commit(ref, change)
        const { incarnation, changes } = committed.record
        publish(ref, { kind: 'changed', incarnation, changes })
        return committed
      } catch (error) {
        tellUnknown(ref, 'changed', error)
        throw error
      }
    },

    async amend(ref, amendments, guard) {
      const count = await orUnknown(ref, 'changed', store.amend(ref, amendments, guard))
      if (count > 0) publish(ref, { kind: 'changed' })
      return count
    },

    async trim(ref, throughSeq, guard) {
      const count = await orUnknown(ref, 'changed', store.trim(ref, throughSeq, guard))
      if (count > 0) publish(ref, { kind: 'changed' })
      return count
    },

    async remove(ref, guard) {
      const isRemoved = await orUnknown(ref, 'removed', store.remove(ref, guard))
      if (isRemoved) publish(ref, { kind: 'removed' })
      return isRemoved
    },

    async restore(ref, copy) {
      await orUnknown(ref, 'changed', store.restore(ref, copy))
      if (copy.more !== true) publish(ref, { kind: 'changed' })
    },
  }
}
