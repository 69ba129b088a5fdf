import { isSessionError } from '@sessions/core'
import type { SessionRef, SessionStore } from '@sessions/core/store'
import { expect } from 'vitest'
import type { ShardedStore } from '../src/index.js'
import type { Timing } from '../src/timing.js'

/** Sessions of tenants, all of which are in partitions that move. */
export const tenants = ['t0', 't1', 't2', 't3', 't4']

/** What was acknowledged: the ids of messages by session, and the sessions that were removed. */
export interface Story {
  readonly appended: Map<string, Set<string>>
  readonly removed: Set<string>
}

export const keyOf = ({ tenantId, id }: SessionRef): string => `${tenantId} ${id}`
export const refOf = (key: string): SessionRef => ({ tenantId: key.split(' ')[0]!, id: key.split(' ')[1]! })

/** Makes sessions, of which every so many has a record beside it. */
export async function fill(store: SessionStore, count: number, each = 1): Promise<Story> {
  const appended = new Map<string, Set<string>>()
  for (let n = 0; n < count; n++) {
    const ref = { tenantId: tenants[n % tenants.length]!, id: `s${n}` }
    await store.commit(ref, { revision: 0, body: 'begun', messages: [{ id: 'first', payload: 'first' }] })
    if (n % each === 0) {
      await store.commit({ tenantId: `~turns:${ref.tenantId}`, id: ref.id }, { revision: 0, body: 'turn' })
    }
    appended.set(keyOf(ref), new Set(['first']))
  }
  return { appended, removed: new Set() }
}

/** Writes into sessions until it is told to stop: appends, new sessions, and removals. */
export async function write(
  store: SessionStore,
  story: Story,
  { name, timing, isOver }: { name: string; timing: Timing; isOver: () => boolean },
): Promise<number> {
  let waits = 0
  for (let n = 0; !isOver(); n++) {
    await timing.pause(20)
    const began = timing.now()
    const keys = [...story.appended.keys()].filter((key) => !story.removed.has(key))
    const key = keys[(n * 7919) % keys.length]!
    const id = `${name}.${n}`
    if (n % 10 === 9) {
      const fresh = { tenantId: refOf(key).tenantId, id }
      await surely(timing, () => store.commit(fresh, { revision: 0, incarnation: id }), ['conflict'])
      story.appended.set(keyOf(fresh), new Set())
    } else if (n % 10 === 4) {
      story.removed.add(key)
      await surely(timing, () => store.remove(refOf(key)), [])
    } else {
      const done = await surely(timing, () => store.commit(refOf(key), { messages: [{ id, payload: id }] }), [
        'not_found',
      ])
      if (done) story.appended.get(key)!.add(id)
    }
    if (timing.now() - began > 1000) waits++
  }
  return waits
}

/** Does a write that may be done again until it is known to be done; false for one that was refused. */
async function surely(
  timing: Timing,
  act: () => Promise<unknown>,
  refusals: readonly string[],
): Promise<boolean> {
  for (;;) {
    try {
      await act()
      return true
    } catch (error) {
      if (isSessionError(error, 'unknown_outcome') || isSessionError(error, 'unavailable')) {
        await timing.pause(20)
        continue
      }
      if (isSessionError(error) && refusals.includes(error.code)) return false
      throw error
    }
  }
}

/** Checks that everything acknowledged is there once, that what was removed is not, and nothing is left behind. */
export async function expectWhole(
  store: ShardedStore,
  story: Story,
  left: readonly SessionStore[],
): Promise<void> {
  for (const [key, ids] of story.appended) {
    const stored = await store.read(refOf(key), { tail: 1000 })
    if (story.removed.has(key)) expect(stored, key).toBeUndefined()
    else {
      const found = stored?.messages.map(({ id }) => id)
      expect(found?.filter((id) => ids.has(id)).toSorted(), key).toEqual([...ids].toSorted())
      expect(new Set(found).size, key).toBe(found?.length)
    }
  }
  for (const tenantId of tenants) {
    const alive = [...story.appended.keys()].filter(
      (key) => refOf(key).tenantId === tenantId && !story.removed.has(key),
    )
    expect((await idsOf(store, tenantId)).toSorted()).toEqual(alive.map((key) => refOf(key).id).toSorted())
    for (const old of left) {
      for (const each of [tenantId, `~turns:${tenantId}`]) expect(await idsOf(old, each)).toEqual([])
    }
  }
}

async function idsOf(store: SessionStore, tenantId: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ tenantId, limit: 50, ...(cursor === undefined ? {} : { cursor }) })
    ids.push(...page.items.map(({ id }) => id))
    if (page.cursor === undefined) return ids
    cursor = page.cursor
  }
}
