import type { SessionStore } from '../contract/session-store.js'

const methods = ['read', 'commit', 'messages', 'amend', 'trim', 'remove', 'list', 'sweep', 'restore'] as const

/** The name of a call that a store takes. */
export type StoreMethod = (typeof methods)[number]

/**
 * A store whose calls all go through a function: to count them, to fail some, or to do something before or after.
 *
 * @param around Makes the call with `call`, or does not, and returns the result for the caller.
 */
export function wrapStore(
  inner: SessionStore,
  around: (method: StoreMethod, call: () => Promise<unknown>) => Promise<unknown>,
): SessionStore {
  const wrap =
    (method: StoreMethod) =>
    async (...args: unknown[]): Promise<unknown> =>
      around(method, () => (inner[method] as (...args: unknown[]) => Promise<unknown>)(...args))
  return Object.fromEntries(methods.map((method) => [method, wrap(method)])) as unknown as SessionStore
}
