import { expect } from 'vitest'
import type { SessionStore } from '../../contract/session-store.js'
import type { SessionRef } from '../../contract/session-record.js'
import { together } from '../start-gate.js'
import {
  append,
  freshRef,
  freshSession,
  message,
  numbered,
  range,
  refusalOf,
  type StoreChapter,
} from '../store-case.js'

async function changesOf(store: SessionStore, ref: SessionRef): Promise<number | undefined> {
  return (await store.read(ref))?.record.changes
}

export const changesCases: StoreChapter = {
  title: 'changes: whatever happens to a session is counted',
  cases: [
    {
      title: 'each commit, amend and trim that changes something adds one',
      async run({ store, peer }) {
        const ref = freshRef()
        expect((await store.commit(ref, { revision: 0, body: 'one' })).record.changes).toBe(1)
        expect((await peer.commit(ref, { messages: numbered(3) })).record.changes).toBe(2)
        expect((await store.commit(ref, { revision: 1, body: 'two' })).record.changes).toBe(3)
        expect((await peer.commit(ref, { title: 'Phones' })).record.changes).toBe(4)
        expect((await store.commit(ref, { idleMs: 60_000 })).record.changes).toBe(5)
        expect(await peer.amend(ref, [{ seq: 2, payload: 'amended' }])).toBe(1)
        expect(await changesOf(store, ref)).toBe(6)
        expect(await store.trim(ref, 1)).toBe(1)
        expect(await changesOf(peer, ref)).toBe(7)
        expect((await append(store, ref, message('m4'))).record.changes).toBe(8)
      },
    },
    {
      title: 'an amend counts although nothing else of the record moves',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(2) })
        const { record } = (await store.read(ref))!
        await peer.amend(ref, [{ seq: 1, payload: 'amended' }])
        expect((await store.read(ref))!.record).toEqual({ ...record, changes: record.changes + 1, bytes: 20 })
      },
    },
    {
      title: 'a refused commit, an amend of nothing, a trim of nothing and a look count nothing',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(2) })
        const before = (await store.read(ref))!
        const other = 'another payload'
        for (const change of [
          { revision: 0, body: 'again' },
          { revision: 9, body: 'late' },
          { incarnation: 'another', messages: [message('m3')] },
          { messages: [message('m3'), message('m1', other)] },
        ]) {
          expect(await refusalOf(peer.commit(ref, change))).toBeDefined()
        }
        expect(await peer.amend(ref, [{ seq: 7, payload: other }])).toBe(0)
        expect(await peer.amend(ref, [{ seq: 1, payload: other }], { incarnation: 'another' })).toBe(0)
        expect(await peer.trim(ref, 0)).toBe(0)
        expect(await peer.trim(ref, 2, { incarnation: 'another' })).toBe(0)
        expect(await peer.remove(ref, { incarnation: 'another' })).toBe(false)
        await peer.messages(ref, { limit: 5 })
        await peer.list({ tenantId: ref.tenantId, limit: 5 })
        expect(await store.read(ref)).toEqual({ ...before, messages: [] })
      },
    },
    {
      title: 'commits at once from two instances each answer a count of their own',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const counts = await together(50, async (n) => {
          const { record } = await append(n % 2 === 0 ? store : peer, ref, message(`m${n}`))
          return record.changes
        })
        expect(counts.toSorted((a, b) => a - b)).toEqual(range(51, 2))
        expect(await changesOf(peer, ref)).toBe(51)
      },
    },
    {
      title: 'commit, read and list tell the same count',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const { record } = await append(store, ref, message('m1'))
        expect((await peer.read(ref))?.record.changes).toBe(record.changes)
        const { items } = await peer.list({ tenantId: ref.tenantId, limit: 5 })
        expect(items.map(({ changes }) => changes)).toEqual([record.changes])
      },
    },
    {
      title: 'a session made anew under an id begins at one',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(2) })
        await append(store, ref, message('m3'))
        await peer.remove(ref)
        expect((await store.commit(ref, { revision: 0 })).record.changes).toBe(1)
      },
    },
    {
      title: 'a removal that names a count removes only the session with that many changes',
      async run({ store, peer }) {
        const ref = await freshSession(store, { incarnation: 'i', messages: numbered(2) })
        await append(store, ref, message('m3'))
        expect(await peer.remove(ref, { changes: 1 })).toBe(false)
        expect(await peer.remove(ref, { changes: 3 })).toBe(false)
        expect(await peer.remove(ref, { incarnation: 'j', changes: 2 })).toBe(false)
        expect(await changesOf(store, ref)).toBe(2)
        expect(await peer.remove(ref, { incarnation: 'i', changes: 2 })).toBe(true)
        expect(await store.read(ref)).toBeUndefined()
      },
    },
    {
      title: 'an amend and a trim that name a count leave a session alone that was changed since',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(3) })
        await append(store, ref, message('m4'))
        const before = await store.read(ref, { tail: 4 })
        const amendments = [{ seq: 2, payload: 'amended' }]
        expect(await peer.amend(ref, amendments, { changes: 1 })).toBe(0)
        expect(await peer.trim(ref, 1, { changes: 1 })).toBe(0)
        expect(await store.read(ref, { tail: 4 })).toEqual(before)
        expect(await peer.amend(ref, amendments, { changes: 2 })).toBe(1)
        expect(await peer.trim(ref, 1, { changes: 3 })).toBe(1)
        expect(await changesOf(store, ref)).toBe(4)
      },
    },
    {
      title: 'amends that read, add and name the count, 20 at once, all count once each is tried again',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: [message('m1', '0')] })
        await together(20, async (n) => {
          const via = n % 2 === 0 ? store : peer
          let amended = 0
          // A try fails when another write was faster. A store that never accepts the count must not keep the suite for
          // ever.
          for (let tries = 1; amended === 0; tries++) {
            expect(tries, 'tries of one amend').toBeLessThan(500)
            const { record, messages } = (await via.read(ref, { tail: 1 }))!
            const payload = String(Number(messages[0]!.payload) + 1)
            amended = await via.amend(ref, [{ seq: 1, payload }], { changes: record.changes })
          }
        })
        expect((await store.read(ref, { tail: 1 }))?.messages[0]?.payload).toBe('20')
      },
    },
    {
      title: 'a removal that names a count racing appends, 20 rounds: it loses none that was acknowledged',
      async run({ store, peer }) {
        for (let round = 0; round < 20; round++) {
          const ref = await freshSession(store)
          const [isRemoved, ...appended] = await together(5, (n) =>
            n === 0
              ? peer.remove(ref, { changes: 1 })
              : append(n % 2 === 0 ? store : peer, ref, message(`m${n}`)).then(
                  () => true,
                  () => false,
                ),
          )
          expect(appended).toEqual(Array.from({ length: 4 }, () => !isRemoved))
          expect((await store.read(ref))?.record.lastSeq).toBe(isRemoved ? undefined : 4)
        }
      },
    },
    {
      title: 'maxAgeMs of a read is taken, and the answer is no older',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        await append(peer, ref, message('m1'))
        expect((await store.read(ref, { tail: 1, maxAgeMs: 0 }))?.record.lastSeq).toBe(1)
        expect(await store.read(ref, { tail: 1, maxAgeMs: 60_000 })).toMatchObject({
          record: { incarnation: expect.any(String) },
        })
      },
    },
  ],
}
