import { expect } from 'vitest'
import { together } from '../start-gate.js'
import {
  bytesOf,
  allMessages,
  append,
  freshRef,
  freshSession,
  ids,
  message,
  numbered,
  range,
  seqs,
  type StoreChapter,
} from '../store-case.js'
import type { SessionStore } from '../../contract/session-store.js'

const minute = 60_000

async function sweepAll(store: SessionStore, limit = 1000): Promise<number> {
  let total = 0
  for (let swept = limit; swept > 0; total += swept) {
    swept = await store.sweep({ limit })
    expect(swept).toBeLessThanOrEqual(limit)
  }
  return total
}

export const upkeepCases: StoreChapter = {
  title: 'amend, trim and sweep',
  cases: [
    {
      title: 'amend replaces payloads where they stand, and nothing else',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(4) })
        const before = (await store.read(ref, { tail: 4 }))!
        const amendments = [
          { seq: 2, payload: 'two' },
          { seq: 4, payload: '' },
        ]
        expect(await peer.amend(ref, amendments)).toBe(2)
        const expected = before.messages.map((stored) => ({
          ...stored,
          ...amendments.find(({ seq }) => seq === stored.seq),
        }))
        const record = { ...before.record, changes: before.record.changes + 1, bytes: bytesOf(expected) }
        expect(await store.read(ref, { tail: 4 })).toEqual({ ...before, record, messages: expected })
        expect(await allMessages(peer, ref)).toEqual(expected)
      },
    },
    {
      title: 'amend counts what was there to replace',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(3) })
        await store.trim(ref, 1)
        const amendments = [0, 1, 2, 3, 4].map((seq) => ({ seq, payload: `amended ${seq}` }))
        expect(await peer.amend(ref, amendments)).toBe(2)
        expect(await peer.amend(ref, [])).toBe(0)
        expect((await allMessages(store, ref)).map(({ payload }) => payload)).toEqual([
          'amended 2',
          'amended 3',
        ])
      },
    },
    {
      title: 'amend racing appends loses neither',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(10) })
        await together(20, (n) =>
          n % 2 === 0
            ? append(store, ref, message(`m${11 + n / 2}`)).then(() => undefined)
            : peer.amend(ref, [{ seq: (n + 1) / 2, payload: 'amended' }]),
        )
        const all = await allMessages(peer, ref)
        expect(seqs(all)).toEqual(range(20))
        expect(all.slice(0, 10).every(({ payload }) => payload === 'amended')).toBe(true)
        expect(all.slice(10).every(({ id, payload }) => payload === `payload of ${id}`)).toBe(true)
      },
    },
    {
      title: 'trim drops the oldest messages from tails and pages, and seq goes on',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(5) })
        const { record } = (await store.read(ref))!
        expect(await peer.trim(ref, 3)).toBe(3)
        const stored = await store.read(ref, { tail: 10 })
        expect(stored).toMatchObject({
          body: 'one',
          record: { ...record, trimmedSeq: 3, changes: 2, bytes: 26 },
        })
        expect(ids(stored!.messages)).toEqual(['m4', 'm5'])
        expect(ids((await store.read(ref, { tail: 1 }))!.messages)).toEqual(['m5'])
        expect(await store.messages(ref, { limit: 1 })).toMatchObject({ messages: [{ seq: 4 }], more: true })
        expect(await store.messages(ref, { before: 5, limit: 9, order: 'desc' })).toMatchObject({
          messages: [{ seq: 4 }],
          more: false,
        })
        expect(await store.messages(ref, { before: 4, limit: 9 })).toEqual({ messages: [], more: false })
        expect(seqs((await append(peer, ref, message('m6'))).messages)).toEqual([6])
        expect(seqs(await allMessages(store, ref, 1))).toEqual([4, 5, 6])
      },
    },
    {
      title: 'trim counts what it dropped, and never goes back',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(5) })
        expect(await store.trim(ref, 0)).toBe(0)
        expect(await peer.trim(ref, 2)).toBe(2)
        expect(await store.trim(ref, 2)).toBe(0)
        expect(await peer.trim(ref, 3)).toBe(1)
        expect(await store.trim(ref, 1)).toBe(0)
        expect((await peer.read(ref))?.record.trimmedSeq).toBe(3)
      },
    },
    {
      title: 'trim beyond the newest message drops all, and no later one',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(3) })
        expect(await peer.trim(ref, 1000)).toBe(3)
        expect(await store.read(ref, { tail: 5 })).toMatchObject({
          record: { lastSeq: 3, trimmedSeq: 3 },
          messages: [],
        })
        expect(await store.messages(ref, { limit: 5 })).toEqual({ messages: [], more: false })
        await append(peer, ref, message('m4'))
        expect(seqs((await store.read(ref, { tail: 5 }))!.messages)).toEqual([4])
        const empty = await freshSession(store)
        expect(await store.trim(empty, 5)).toBe(0)
        expect((await store.read(empty))?.record.trimmedSeq).toBe(0)
      },
    },
    {
      title: 'trim racing appends drops no new message, and counts each dropped one once',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(20) })
        const dropped = await together(20, (n) =>
          n % 2 === 0 ? append(store, ref, message(`new ${n}`)).then(() => 0) : peer.trim(ref, 20),
        )
        expect(dropped.reduce((sum, count) => sum + count)).toBe(20)
        expect(seqs(await allMessages(peer, ref))).toEqual(range(30, 21))
      },
    },
    {
      title: 'sweep removes expired sessions, leaves live ones alone and goes no further than its limit',
      async run({ store, peer, sweepsMeanwhile = false }) {
        const { tenantId } = freshRef()
        await together(30, (n) =>
          store.commit(
            { tenantId, id: `s${n}` },
            { revision: 0, messages: numbered(1), idleMs: n % 3 === 0 ? minute : 0 },
          ),
        )
        const forever = await freshSession(store, { messages: numbered(1) })
        expect(await sweepAll(peer, 7)).toBeGreaterThanOrEqual(sweepsMeanwhile ? 0 : 20)
        const expected = range(10).map((n) => `s${(n - 1) * 3}`)
        expect(new Set(ids((await store.list({ tenantId, limit: 100 })).items))).toEqual(new Set(expected))
        for (const ref of [forever, ...expected.map((id) => ({ tenantId, id }))]) {
          expect(ids((await store.read(ref, { tail: 2 }))!.messages)).toEqual(['m1'])
        }
      },
    },
    {
      title: 'many sweepers at once count each session once',
      async run({ store, peer, sweepsMeanwhile = false }) {
        await sweepAll(store)
        const { tenantId } = freshRef()
        await together(40, (n) => store.commit({ tenantId, id: `s${n}` }, { revision: 0, idleMs: 0 }))
        const swept = await together(8, (n) => sweepAll(n % 2 === 0 ? store : peer, 3))
        const count = swept.reduce((sum, each) => sum + each)
        expect(sweepsMeanwhile ? Math.max(count, 40) : count).toBe(40)
        expect(await sweepAll(peer)).toBe(0)
      },
    },
    {
      title: 'a sweep racing commits that move the deadline removes none of them',
      async run({ store, peer }) {
        const ref = await freshSession(store, { idleMs: minute })
        await together(20, (n) =>
          n % 2 === 0
            ? store.commit(ref, { messages: [message(`m${n}`)], idleMs: minute }).then(() => 0)
            : peer.sweep({ limit: 10 }),
        )
        expect((await peer.read(ref))?.record.lastSeq).toBe(10)
      },
    },
  ],
}
