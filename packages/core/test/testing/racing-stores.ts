import { setImmediate } from 'node:timers/promises'
import type { SessionRecord, SessionRef } from '../../src/contract/session-record.js'
import type {
  AppendedMessage,
  SessionStore,
  StoredMessage,
  StoredSession,
} from '../../src/contract/session-store.js'
import { memoryStore } from '../../src/contract/memory/memory-store.js'
import { processClock } from '../../src/time.js'
import { readWhole } from './broken-pages.js'

// Stores that are right while they are alone.

/** Changes the body first and appends after. */
export function nonAtomicCommit(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async commit({ ...ref }, { messages: sent = [], ...change }) {
      const messages = structuredClone(sent)
      const committed = await store.commit(ref, change)
      const { incarnation } = committed.record
      const appended = []
      for (const message of messages) {
        appended.push(...(await store.commit(ref, { incarnation, messages: [message] })).messages)
      }
      const stored = await store.read(ref)
      return { record: stored?.record ?? committed.record, messages: appended }
    },
  }
}

/** Reads the session, thinks, and writes all of it back: the way of one JSON column or one key. */
export function readThinkWrite(): SessionStore {
  const store = memoryStore()
  // The memory store does its work before it returns the promise: so what is called at once is one write.
  const overwrite = (ref: SessionRef, before: StoredSession) =>
    Promise.all([store.remove(ref), store.restore(ref, before)])
  return {
    ...store,
    async commit({ ...ref }, change) {
      const { revision, messages = [], ...rest } = structuredClone(change)
      const newest = await store.read(ref, { tail: 20_000 })
      const isCut = newest !== undefined && (newest.messages[0]?.seq ?? 0) > newest.record.trimmedSeq + 1
      const before = isCut ? await readWhole(store, ref, 20_000) : newest
      await setImmediate()
      if (before !== undefined && revision !== 0) await overwrite(ref, before)
      return store.commit(ref, { ...rest, messages, ...(revision === undefined ? {} : { revision }) })
    },
  }
}

/** Counts, thinks, and writes: two appends at once get the same seq. */
export function countThenWrite(): SessionStore {
  const store = memoryStore()
  const counted = new Map<string, number>()
  const keyOf = ({ tenantId, id }: SessionRef, messageId: string) => JSON.stringify([tenantId, id, messageId])
  const outer = <Message extends StoredMessage | AppendedMessage>(ref: SessionRef, message: Message) => ({
    ...message,
    seq: counted.get(keyOf(ref, message.id)) ?? message.seq,
  })
  return {
    ...store,
    async commit({ ...ref }, change) {
      const mine = structuredClone(change)
      const before = await store.read(ref)
      await setImmediate()
      const committed = await store.commit(ref, mine)
      let seq = before?.record.lastSeq ?? 0
      for (const { id, inserted } of committed.messages) if (inserted) counted.set(keyOf(ref, id), ++seq)
      return { ...committed, messages: committed.messages.map((message) => outer(ref, message)) }
    },
    async read(ref, options) {
      const stored = await store.read(ref, options)
      return stored && { ...stored, messages: stored.messages.map((message) => outer(ref, message)) }
    },
    async messages(ref, query) {
      const page = await store.messages(ref, query)
      return { ...page, messages: page.messages.map((message) => outer(ref, message)) }
    },
  }
}

/** Looks for what has expired, and removes it a moment later. */
export function twoStepSweep(): SessionStore {
  const store = memoryStore()
  const known = new Map<string, SessionRecord>()
  return {
    ...store,
    async commit(ref, change) {
      const committed = await store.commit(ref, change)
      const { tenantId, id } = committed.record
      known.set(JSON.stringify([tenantId, id]), committed.record)
      return committed
    },
    async sweep({ limit }) {
      const isPast = ([, { expiresAt = Infinity }]: [string, SessionRecord]) => expiresAt <= processClock()
      const expired = [...known].filter(isPast).slice(0, limit)
      await setImmediate()
      for (const [key, record] of expired) {
        known.delete(key)
        await store.remove(record)
      }
      return expired.length
    },
  }
}

/** Takes what was handed in a moment later, when its owner may have changed it. */
export function lateReader(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async commit(ref, change) {
      await setImmediate()
      return store.commit(ref, change)
    },
  }
}
