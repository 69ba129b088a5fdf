import { memoryStore } from '../../src/contract/memory/memory-store.js'
import type { SessionRecord, SessionRef } from '../../src/contract/session-record.js'
import type { SessionCopy, SessionStore, StoredMessage } from '../../src/contract/session-store.js'

// Stores that are wrong in what they count, or in how they take a session from elsewhere.

const keyOf = ({ tenantId, id }: SessionRef) => JSON.stringify([tenantId, id])

/** Counts commits and trims, and forgets that an amend is a change. */
export function amendUncounted(): SessionStore {
  const store = memoryStore()
  const amended = new Map<string, number>()
  const placeOf = (record: SessionRecord) => `${record.incarnation} ${keyOf(record)}`
  const outer = (record: SessionRecord): SessionRecord => ({
    ...record,
    changes: record.changes - (amended.get(placeOf(record)) ?? 0),
  })
  return {
    ...store,
    async read(ref, options) {
      const stored = await store.read(ref, options)
      return stored && { ...stored, record: outer(stored.record) }
    },
    async commit(ref, change) {
      const committed = await store.commit(ref, change)
      return { ...committed, record: outer(committed.record) }
    },
    async amend(ref, amendments, guard) {
      const count = await store.amend(ref, amendments, guard)
      const stored = await store.read(ref)
      if (count > 0 && stored !== undefined) {
        amended.set(placeOf(stored.record), (amended.get(placeOf(stored.record)) ?? 0) + 1)
      }
      return count
    },
    async list(query) {
      const page = await store.list(query)
      return { ...page, items: page.items.map(outer) }
    },
  }
}

/** Puts a copy in the place of whatever is there. */
export function newerOverwritten(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async restore({ ...ref }, given) {
      const copy = structuredClone(given)
      const found = await store.read(ref)
      if (found !== undefined && found.record.changes !== copy.record.changes) await store.remove(ref)
      await store.restore(ref, copy)
    },
  }
}

/** Shows of a copy what has come so far. */
export function halfShown(): SessionStore {
  const store = memoryStore()
  const begun = new Map<string, StoredMessage[]>()
  return {
    ...store,
    async restore({ ...ref }, given) {
      const copy = structuredClone(given)
      const key = keyOf(ref)
      const isFirst = copy.messages[0]?.seq === copy.record.trimmedSeq + 1
      const messages = [...(isFirst ? [] : (begun.get(key) ?? [])), ...copy.messages]
      begun.set(key, messages)
      const lastSeq = messages.at(-1)?.seq ?? copy.record.lastSeq
      const shown: SessionCopy = { ...copy, record: { ...copy.record, lastSeq }, messages, more: false }
      const found = await store.read(ref)
      if (
        found?.record.incarnation === copy.record.incarnation &&
        found.record.changes <= copy.record.changes
      ) {
        await store.remove(ref)
      }
      await store.restore(ref, shown)
    },
  }
}

/** Appends for whoever asks. */
export function ownerIgnored(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    commit(ref, { ownedBy, ...change }) {
      // As every store does, it refuses a create that asks for an owner.
      return ownedBy !== undefined && change.revision === 0
        ? store.commit(ref, { ...change, ownedBy })
        : store.commit(ref, change)
    },
  }
}

/** Takes a moment for the last one that belongs to a page. */
export function momentIncluded(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    list: ({ activeBefore, ...query }) =>
      store.list(activeBefore === undefined ? query : { ...query, activeBefore: activeBefore + 1 }),
  }
}
