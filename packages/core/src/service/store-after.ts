/** A session that may exist only in a handle so far. */
interface Storable {
  readonly store: (ready: Promise<unknown>) => Promise<void>
}

/**
 * The value that a session is to store. When it has to be waited for, a session that exists only in its handle so far
 * begins to be stored at once: a handler that does not await a call sends its response next, and the creation puts the
 * credential into that response. When the value rejects, nothing is stored.
 */
export async function storeAfter<Value>(live: Storable, value: Promise<Value>): Promise<Value> {
  // Another call may be storing the session, which takes its time: until then nobody has asked for the value.
  value.catch(() => {})
  await live.store(value)
  return value
}
