import {
  isSessionError,
  keyKind,
  recordKindOf,
  type SessionRecord,
  type SessionStore,
} from '@sessions/core/store'

/** A store of which each call is preceded by `before`, which may refuse it. */
export function watchedStore(store: SessionStore, before: () => Promise<void>): SessionStore {
  return {
    async read(...args) {
      await before()
      return store.read(...args)
    },
    async commit(...args) {
      await before()
      return store.commit(...args)
    },
    async messages(...args) {
      await before()
      return store.messages(...args)
    },
    async amend(...args) {
      await before()
      return store.amend(...args)
    },
    async trim(...args) {
      await before()
      return store.trim(...args)
    },
    async remove(...args) {
      await before()
      return store.remove(...args)
    },
    async list(query) {
      await before()
      try {
        return await store.list(query)
      } catch (error) {
        // A shard that is encrypted on its own shows its keys to nobody, and they stay with it.
        if (isSessionError(error, 'invalid') && recordKindOf(query.tenantId) === keyKind) return { items: [] }
        throw error
      }
    },
    async sweep(...args) {
      await before()
      return store.sweep(...args)
    },
    async restore(...args) {
      await before()
      return store.restore(...args)
    },
  }
}

/**
 * A store as a move copies it: each session has one change more. So a session that moves away and comes back never has
 * the same `changes` again, and no late removal from its old shard can mean it.
 */
export function movedView(store: SessionStore): SessionStore {
  return {
    ...store,
    async read(ref, options) {
      const stored = await store.read(ref, options)
      return stored && { ...stored, record: movedOnce(stored.record) }
    },
    async list(query) {
      const page = await store.list(query)
      return { ...page, items: page.items.map(movedOnce) }
    },
  }
}

const movedOnce = (record: SessionRecord): SessionRecord => ({ ...record, changes: record.changes + 1 })
