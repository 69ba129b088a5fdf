import { memoryStore, type SessionStore } from '@sessions/core'
import { describe, expect, it } from 'vitest'
import { check } from '../../src/torture/checker/check.js'
import { briefMs } from '../../src/torture/lane/lane.js'
import { runLanes } from '../../src/torture/lane/run-lanes.js'
import type { Operation } from '../../src/torture/operation.js'
import { readBack } from '../../src/torture/read-back.js'

type Wrap = (inner: SessionStore) => Partial<SessionStore>

/** What is found after a second of work on a store that is seen through `wrap`. */
async function tortured(wrap: Wrap, seed = 7): Promise<Set<string>> {
  let aheadMs = 0
  const inner = memoryStore({ clock: () => Math.floor(performance.now()) + aheadMs })
  const operations: Operation[] = []
  const store = { ...inner, ...wrap(inner) }
  // Gives way now and then, or one lane would have the store to itself.
  const commit: SessionStore['commit'] = async (ref, change) => {
    await new Promise((resolve) => setImmediate(resolve))
    return store.commit(ref, change)
  }
  const log = (operation: Operation) => operations.push(operation)
  await runLanes({ store: { ...store, commit }, worker: 0, seed, seconds: 1, log })
  aheadMs = 2 * briefMs
  const { snapshots } = await readBack(inner, operations)
  expect(operations.length).toBeGreaterThan(0)
  return new Set(check(operations, snapshots).map(({ fault }) => fault))
}

/** Looks for the fault until it is found: a busy machine may not get to it in the first second. */
async function untilFound(fault: string, wrap: Wrap): Promise<void> {
  for (let seed = 7; seed < 37; seed++) if ((await tortured(wrap, seed)).has(fault)) return
  expect.fail(`nothing ${fault} was found`)
}

describe.concurrent('torture', () => {
  it('finds nothing wrong with a store that is right', async () => {
    expect(await tortured(() => ({}))).toEqual(new Set())
  })

  it('finds a store that says yes and forgets', async () => {
    let calls = 0
    await untilFound('lost', (inner) => ({
      async commit(ref, change) {
        if (++calls % 10 !== 0 || change.messages === undefined || change.revision !== undefined) {
          return inner.commit(ref, change)
        }
        const { record } = await inner.commit(ref, {})
        return { record, messages: change.messages.map(({ id }) => ({ id, seq: 1, at: 0, inserted: true })) }
      },
    }))
  })

  it('finds a store that lets the last writer win', async () => {
    await untilFound('lost', (inner) => ({
      async commit(ref, change) {
        if (change.revision === undefined || change.revision === 0) return inner.commit(ref, change)
        const revision = (await inner.read(ref))?.record.revision
        return inner.commit(ref, revision === undefined ? change : { ...change, revision })
      },
    }))
  })

  it('finds a store that takes writes for deleted sessions', async () => {
    await untilFound('resurrected', (inner) => ({
      commit: (ref, { incarnation, ...change }) =>
        inner.commit(
          ref,
          change.revision === 0 && incarnation !== undefined ? { ...change, incarnation } : change,
        ),
    }))
  })

  it('finds a store that forgets the tenant', async () => {
    await untilFound('leaked', (inner) => ({
      read: async (ref, options) => {
        const other = { ...ref, tenantId: ref.tenantId === 'acme' ? 'globex' : 'acme' }
        const stored = (await inner.read(ref, options)) ?? (await inner.read(other, options))
        return stored && { ...stored, record: { ...stored.record, tenantId: ref.tenantId } }
      },
    }))
  })
})
