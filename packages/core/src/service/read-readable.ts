import { isUnreadable } from '../errors.js'
import type { SessionRef } from '../contract/session-record.js'
import type { SessionStore, StoredSession } from '../contract/session-store.js'

/** A session, or a record; undefined for one that is gone, or that nobody can read. */
export async function readReadable(
  { store }: { readonly store: SessionStore },
  ref: SessionRef,
): Promise<StoredSession | undefined> {
  try {
    return await store.read(ref)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}
