import type { SessionStore } from '../src/index.js'

const methods = ['read', 'commit', 'messages', 'amend', 'trim', 'remove', 'list', 'sweep'] as const

export interface ChangingStore {
  readonly store: SessionStore
  /** The names of the calls made so far. */
  readonly calls: readonly string[]
}

/** A store to which something happens right after one of its calls, before the caller hears of that call. */
export function changingStore(
  inner: SessionStore,
  change: (call: number) => Promise<unknown> | undefined,
): ChangingStore {
  const calls: string[] = []
  const wrap =
    (method: (typeof methods)[number]) =>
    async (...args: unknown[]): Promise<unknown> => {
      const call = calls.push(method)
      const answer = await (inner[method] as (...args: unknown[]) => Promise<unknown>)(...args)
      await change(call)
      return answer
    }
  const store = Object.fromEntries(methods.map((method) => [method, wrap(method)])) as unknown as SessionStore
  return { store, calls }
}
