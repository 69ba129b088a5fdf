import { isSessionError } from '../../src/errors.js'
import { newId } from '../../src/ids.js'
import type { SessionRef } from '../../src/contract/session-record.js'
import type { Committed, NewMessage, SessionStore, StoredSession } from '../../src/contract/session-store.js'
import { checkRoom } from '../../src/contract/refusals.js'
import { memoryStore } from '../../src/contract/memory/memory-store.js'

// Stores that are wrong, each in one way that stores are known to be wrong in.

/** Takes any body, whatever revision it was made on. */
export function lastWriterWins(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async commit(ref, change) {
      const refusal = await store.commit(ref, change).catch((error: unknown) => error)
      if (!isSessionError(refusal, 'conflict') || refusal.revision === undefined || change.revision === 0) {
        return refusal instanceof Error ? Promise.reject(refusal) : (refusal as Committed)
      }
      return store.commit(ref, { ...change, revision: refusal.revision })
    },
  }
}

/** Asks the process what time it is. */
export function appClock(): SessionStore {
  return memoryStore({ clock: () => Date.now() })
}

/** Makes the session again when a write finds none. */
export function resurrectingWrite(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async commit(ref, change) {
      try {
        return await store.commit(ref, change)
      } catch (error) {
        if (!isSessionError(error, 'not_found')) throw error
        return store.commit(ref, { ...change, revision: 0 })
      }
    },
  }
}

/** Keeps no incarnation: a write for the session that was is taken by the one that is. */
export function forgetfulOfIncarnation(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    commit(ref, { incarnation, ...change }) {
      return store.commit(
        ref,
        change.revision === 0 && incarnation !== undefined ? { ...change, incarnation } : change,
      )
    },
  }
}

/** Gives every reader the same object. */
export function aliasingMemory(): SessionStore {
  const store = memoryStore()
  const given = new Map<string, StoredSession>()
  const keyOf = ({ tenantId, id }: SessionRef) => JSON.stringify([tenantId, id])
  const forget = (ref: SessionRef) => given.delete(keyOf(ref))
  return {
    ...store,
    commit(ref, change) {
      forget(ref)
      return store.commit(ref, change)
    },
    amend(ref, amendments, guard) {
      forget(ref)
      return store.amend(ref, amendments, guard)
    },
    trim(ref, throughSeq, guard) {
      forget(ref)
      return store.trim(ref, throughSeq, guard)
    },
    remove(ref, guard) {
      forget(ref)
      return store.remove(ref, guard)
    },
    async read(ref, { tail = 0 } = {}) {
      const stored = await store.read(ref, { tail: 1000 })
      if (stored === undefined) return undefined
      const same = given.get(keyOf(ref)) ?? stored
      given.set(keyOf(ref), same)
      return { ...same, messages: tail === 0 ? [] : same.messages.slice(-tail) }
    },
  }
}

/** Stores every message it is sent, however often. */
export function messageIdIgnored(): SessionStore {
  const store = memoryStore()
  const inner = (message: NewMessage) => ({ ...message, id: `${newId()}${message.id}` })
  const outer = <Message extends { id: string }>(message: Message) => ({
    ...message,
    id: message.id.slice(24),
  })
  return {
    ...store,
    async commit(ref, change) {
      const messages = (change.messages ?? []).map(inner)
      const committed = await store.commit(ref, { ...change, messages })
      return { ...committed, messages: committed.messages.map(outer) }
    },
    async read(ref, options) {
      const stored = await store.read(ref, options)
      return stored && { ...stored, messages: stored.messages.map(outer) }
    },
    async messages(ref, query) {
      const page = await store.messages(ref, query)
      return { ...page, messages: page.messages.map(outer) }
    },
  }
}

/** Keeps a session where `toKey` says. */
function keyed(toKey: (ref: SessionRef) => SessionRef): SessionStore {
  const store = memoryStore()
  const owners = new Map<string, SessionRef>()
  const textOf = ({ tenantId, id }: SessionRef) => JSON.stringify([tenantId, id])
  return {
    async read({ tenantId, id }, options) {
      const stored = await store.read(toKey({ tenantId, id }), options)
      return stored && { ...stored, record: { ...stored.record, tenantId, id } }
    },
    async commit({ tenantId, id }, change) {
      const committed = await store.commit(toKey({ tenantId, id }), change)
      owners.set(textOf(committed.record), { tenantId, id })
      return { ...committed, record: { ...committed.record, tenantId, id } }
    },
    messages: (ref, query) => store.messages(toKey(ref), query),
    amend: (ref, amendments, guard) => store.amend(toKey(ref), amendments, guard),
    trim: (ref, throughSeq, guard) => store.trim(toKey(ref), throughSeq, guard),
    remove: (ref, guard) => store.remove(toKey(ref), guard),
    async list(query) {
      const { tenantId } = toKey({ tenantId: query.tenantId, id: '' })
      const page = await store.list({ ...query, tenantId })
      return { ...page, items: page.items.map((record) => ({ ...record, ...owners.get(textOf(record)) })) }
    },
    sweep: (options) => store.sweep(options),
    async restore({ tenantId, id }, copy) {
      const ref = toKey({ tenantId, id })
      await store.restore(ref, copy)
      owners.set(textOf(ref), { tenantId, id })
    },
  }
}

/** Looks a session up by its bare id. */
export function tenantIgnored(): SessionStore {
  return keyed(({ id }) => ({ tenantId: 'all', id }))
}

/** Folds what looks alike into one id, as some databases do. */
export function foldedIds(): SessionStore {
  return keyed(({ tenantId, id }) => ({ tenantId, id: id.normalize('NFC').toLowerCase().trimEnd() }))
}

/** Numbers messages by the clock. */
export function seqFromClock(): SessionStore {
  const store = memoryStore()
  const outer = <Message extends { seq: number; at: number }>(message: Message) => ({
    ...message,
    seq: message.at,
  })
  return {
    ...store,
    async commit(ref, change) {
      const committed = await store.commit(ref, change)
      return { ...committed, messages: committed.messages.map(outer) }
    },
    async read(ref, options) {
      const stored = await store.read(ref, options)
      return stored && { ...stored, messages: stored.messages.map(outer) }
    },
  }
}

/** Reads bodies and payloads as JSON, and encodes text as UTF-8 that ends at a NUL. */
export function parsedTexts(): SessionStore {
  const store = memoryStore()
  const spoil = (text: string) => {
    const encoded = new TextDecoder().decode(new TextEncoder().encode(text)).replace(/\u0000.*/s, '')
    try {
      return JSON.stringify(JSON.parse(encoded))
    } catch {
      return encoded
    }
  }
  return {
    ...store,
    commit(ref, { body, messages = [], ...change }) {
      const spoilt = messages.map(({ id, payload }) => ({ id, payload: spoil(payload) }))
      return store.commit(ref, {
        ...change,
        messages: spoilt,
        ...(body === undefined ? {} : { body: spoil(body) }),
      })
    },
  }
}

/** Finds the next page by counting. */
export function countedPages(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async list({ cursor = '0', limit, ...query }) {
      const { items } = await store.list({ ...query, limit: 1000 })
      const end = Number(cursor) + limit
      const page = items.slice(Number(cursor), end)
      return end < items.length ? { items: page, cursor: String(end) } : { items: page }
    },
  }
}

/** Amends, trims and removes whichever session has the id by then. */
export function guardIgnored(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    amend: (ref, amendments) => store.amend(ref, amendments),
    trim: (ref, throughSeq) => store.trim(ref, throughSeq),
    remove: (ref) => store.remove(ref),
  }
}

/** Takes no more messages than it should, and forgets how many bytes they may have. */
export function bytesIgnored(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    commit: (ref, change) => store.commit(ref, { ...change, maxBytes: Number.MAX_SAFE_INTEGER }),
  }
}

/** Looks how far the log is before the commit, and not in it. */
export function roomBefore(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async commit({ ...ref }, given) {
      const { maxSeq = Infinity, maxBytes = Infinity, ...change } = structuredClone(given)
      const seen = await store.read(ref)
      const { messages } = seen === undefined ? { messages: [] } : await store.messages(ref, { limit: 1000 })
      const known = new Set(messages.map(({ id }) => id))
      const fresh = (change.messages ?? []).filter(({ id }) => !known.has(id))
      const bytes = fresh.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
      const room = { lastSeq: seen?.record.lastSeq ?? 0, bytes: seen?.record.bytes ?? 0 }
      checkRoom(room, { maxSeq, maxBytes }, { count: fresh.length, bytes })
      return store.commit(ref, change)
    },
  }
}

/** Lets each commit say how long a session lives, also one that has a lifetime of its own. */
export function lifetimeOverruled(): SessionStore {
  const store = memoryStore()
  return {
    ...store,
    async commit({ ...ref }, given) {
      const change = structuredClone(given)
      const committed = await store.commit(ref, change)
      const { lifetime } = committed.record
      if (lifetime === undefined || change.lifetime !== undefined || change.idleMs === undefined)
        return committed
      await store.commit(ref, { lifetime: {}, idleMs: change.idleMs })
      return store.commit(ref, { lifetime })
    },
  }
}
