import { expect } from 'vitest'
import type { SessionStore } from '../../contract/session-store.js'
import { allSessions, expectRefusal, freshRef, ids, type StoreChapter } from '../store-case.js'

const moment = Date.UTC(2020, 1, 29)

/** Sessions of a new tenant, `a1 a2 a3 b1` to `d3`: three for each of four moments, the newest moment first. */
async function freshTenant(store: SessionStore): Promise<string> {
  const { tenantId } = freshRef()
  for (const [index, letter] of ['a', 'b', 'c', 'd'].entries()) {
    for (const n of [3, 1, 2]) {
      const times = { createdAt: moment, updatedAt: moment, activeAt: at(index) }
      const counts = { revision: 1, changes: 1, lastSeq: 0, trimmedSeq: 0, bytes: 0 }
      const record = { incarnation: 'i', userId: `user ${n % 2}`, label: 'support', ...counts, ...times }
      await store.restore({ tenantId, id: `${letter}${n}` }, { record, body: '', messages: [] })
    }
  }
  return tenantId
}

/** When the sessions of the n-th letter, from 0, were active. */
function at(index: number): number {
  return moment - index * 60_000
}

const all = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'c3', 'd1', 'd2', 'd3']

export const placesCases: StoreChapter = {
  title: 'places: a list that starts after a place, or before a moment',
  cases: [
    {
      title: 'starts after a place, whether or not a session is there',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store)
        const listAfter = async (activeAt: number, id: string) =>
          ids(await allSessions(peer, { tenantId, after: { activeAt, id } }))
        expect(await listAfter(at(0) + 1, 'z')).toEqual(all)
        expect(await listAfter(at(0), '')).toEqual(all)
        expect(await listAfter(at(0), 'a2')).toEqual(all.slice(2))
        expect(await listAfter(at(1), 'b')).toEqual(all.slice(3))
        expect(await listAfter(at(1), 'b22')).toEqual(all.slice(5))
        expect(await listAfter(at(2), 'z')).toEqual(all.slice(9))
        expect(await listAfter(at(2) - 1, '')).toEqual(all.slice(9))
        expect(await listAfter(at(3), 'd3')).toEqual([])
        expect(await listAfter(0, '')).toEqual([])
      },
    },
    {
      title: 'pages that each start after the last session of the one before hold every session once',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store)
        const seen: string[] = []
        for (let after: { activeAt: number; id: string } | undefined; ;) {
          const { items } = await peer.list({ tenantId, limit: 5, ...(after === undefined ? {} : { after }) })
          if (items.length === 0) break
          seen.push(...ids(items))
          after = items.at(-1)!
        }
        expect(seen).toEqual(all)
      },
    },
    {
      title: 'a cursor goes on from a page that started after a place',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store)
        const first = await store.list({ tenantId, limit: 2, after: { activeAt: at(0), id: 'a1' } })
        expect(ids(first.items)).toEqual(['a2', 'a3'])
        const second = await peer.list({ tenantId, limit: 2, cursor: first.cursor! })
        expect(ids(second.items)).toEqual(['b1', 'b2'])
      },
    },
    {
      title: 'only sessions active before a moment, and not at it, page by page',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store)
        const listBefore = async (activeBefore: number, limit: number) =>
          ids(await allSessions(peer, { tenantId, activeBefore }, limit))
        for (const limit of [1, 4, 100]) {
          expect(await listBefore(at(0) + 1, limit)).toEqual(all)
          expect(await listBefore(at(0), limit)).toEqual(all.slice(3))
          expect(await listBefore(at(2) + 1, limit)).toEqual(all.slice(6))
          expect(await listBefore(at(3), limit)).toEqual([])
          expect(await listBefore(0, limit)).toEqual([])
        }
      },
    },
    {
      title: 'place, moment, user and label go together',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store)
        const query = { tenantId, userId: 'user 1', label: 'support' }
        expect(ids(await allSessions(peer, { ...query, activeBefore: at(1) }))).toEqual([
          'c1',
          'c3',
          'd1',
          'd3',
        ])
        const after = { activeAt: at(2), id: 'c1' }
        expect(ids(await allSessions(peer, { ...query, activeBefore: at(1), after }, 1))).toEqual([
          'c3',
          'd1',
          'd3',
        ])
        expect(ids(await allSessions(peer, { ...query, activeBefore: at(2), after }))).toEqual(['d1', 'd3'])
        expect(await allSessions(peer, { ...query, label: 'sales', after })).toEqual([])
      },
    },
    {
      title: 'a session that is active again leaves the page of those before a moment',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store)
        const { record } = await peer.commit({ tenantId, id: 'c2' }, {})
        expect(record.activeAt).toBeGreaterThan(at(0))
        expect(ids(await allSessions(store, { tenantId, activeBefore: at(1) }))).toEqual(
          all.slice(6).filter((id) => id !== 'c2'),
        )
      },
    },
    {
      title: 'a place that is none, and one beside a cursor, is invalid',
      async run({ store }) {
        const tenantId = await freshTenant(store)
        const { cursor } = await store.list({ tenantId, limit: 1 })
        const after = { activeAt: at(0), id: 'a1' }
        for (const query of [
          { after, cursor: cursor! },
          { after: { activeAt: -1, id: '' } },
          { after: { activeAt: 0.5, id: '' } },
          { activeBefore: -1 },
          { activeBefore: Number.NaN },
        ]) {
          await expectRefusal(store.list({ tenantId, limit: 5, ...query }), 'invalid')
        }
      },
    },
  ],
}
