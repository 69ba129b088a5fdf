import { isSessionError, type SessionStore, type StoredMessage } from '@sessions/core/store'
import { waitUntil } from '@sessions/testkit'
import { expect } from 'vitest'

export const tenantId = 'acme'
/** How old what is read may be. */
export const maxAgeMs = 1000
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Each session's changes, and when they were acknowledged. */
type Acknowledged = Map<string, { readonly at: number; readonly changes: number }[]>

/**
 * Two processes write and read until `torment` has settled: nothing acknowledged is missing then, and nothing is there
 * twice. Each read shows at least what was acknowledged before it, as long before as it may be old, and what its own
 * process has written. Returns the codes of what failed.
 */
export async function underLoad(
  stores: readonly SessionStore[],
  ids: readonly string[],
  torment: (progress: () => Promise<void>) => Promise<unknown>,
): Promise<readonly string[]> {
  const over = new AbortController()
  const acknowledged: Acknowledged = new Map(ids.map((id) => [id, [{ at: performance.now(), changes: 1 }]]))
  const appended: Record<string, string[]> = Object.fromEntries(ids.map((id) => [id, []]))
  const codes: string[] = []
  const settle = async <T>(work: Promise<T>): Promise<T | undefined> =>
    work.catch(async (error: unknown) => {
      if (!isSessionError(error)) throw error
      codes.push(error.code)
      await turn()
      return undefined
    })
  let done = 0
  const write = async (lane: number) => {
    const id = ids[lane % ids.length]!
    const store = stores[lane % 2]!
    for (let n = 0; !over.signal.aborted; n++) {
      const message = { id: `${lane}.${n}`, payload: `${lane}.${n}` }
      for (;;) {
        const committed = await settle(store.commit({ tenantId, id }, { messages: [message] }))
        if (committed === undefined) continue
        const { changes } = committed.record
        acknowledged.get(id)!.push({ at: performance.now(), changes })
        const own = await settle(store.read({ tenantId, id }, { tail: 1, maxAgeMs }))
        if (own !== undefined) expect(own.record.changes, 'of its own').toBeGreaterThanOrEqual(changes)
        break
      }
      appended[id]!.push(message.id)
      done++
    }
  }
  const read = async (lane: number) => {
    const id = ids[lane % ids.length]!
    const store = stores[(lane + 1) % 2]!
    for (let n = 0; !over.signal.aborted; n++) {
      const mayBeMs = n % 2 === 0 ? maxAgeMs : 0
      const since = performance.now() - mayBeMs
      // One writer appends to each session, so the last is the most.
      const least = acknowledged.get(id)!.findLast(({ at }) => at <= since)?.changes ?? 0
      const shown = await settle(store.read({ tenantId, id }, { tail: 5, maxAgeMs: mayBeMs }))
      if (shown !== undefined) {
        expect(shown.record.changes, `of others, ${mayBeMs} ms ago`).toBeGreaterThanOrEqual(least)
      }
      await turn()
    }
  }
  const progress = async () => {
    const before = done
    await waitUntil(() => done > before + 60, { what: 'some appends' })
  }
  const lanes = ids.map((_, lane) => lane)
  const work = Promise.all([...lanes.map(write), ...lanes.map(read)])
  await Promise.race([torment(progress).finally(() => over.abort()), work])
  await work
  for (const id of ids) {
    const found = await allOf(stores[0]!, id)
    expect(found.map(({ seq }) => seq)).toEqual(found.map((_, index) => index + 1))
    expect(found.map(({ id }) => id).sort()).toEqual(appended[id]!.sort())
  }
  return codes
}

async function allOf(store: SessionStore, id: string): Promise<StoredMessage[]> {
  const found: StoredMessage[] = []
  for (let more = true; more;) {
    const page = await store.messages({ tenantId, id }, { after: found.length, limit: 1000 })
    found.push(...page.messages)
    more = page.more
  }
  return found
}
