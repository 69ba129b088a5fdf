import type { SessionStore } from '@sessions/core/store'

export const hot = { maxBytes: 64 * 1024 * 1024 }

/** Reads twice: what may be old, so that it is kept, and what may not, which is the answer. */
export function warmed(store: SessionStore): SessionStore {
  return {
    ...store,
    async read(ref, options) {
      await store.read(ref, { ...options, maxAgeMs: 3_600_000 }).catch(() => undefined)
      return store.read(ref, options)
    },
  }
}
