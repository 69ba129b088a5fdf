import type { SessionStore } from '../../src/index.js'
import { wrapStore } from '../../src/testing/wrap-store.js'

/** A store that counts how often it is read. */
export function countingStore(inner: SessionStore): { store: SessionStore; reads: () => number } {
  let count = 0
  const store = wrapStore(inner, (method, call) => {
    if (method === 'read') count++
    return call()
  })
  return { store, reads: () => count }
}
