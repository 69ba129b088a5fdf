import { expect } from 'vitest'
import type { SessionRecord } from '../../contract/session-record.js'
import type { SessionStore } from '../../contract/session-store.js'
import { together } from '../start-gate.js'
import {
  allSessions,
  append,
  expectRefusal,
  freshRef,
  ids,
  message,
  range,
  type StoreChapter,
} from '../store-case.js'
import { until } from '../until.js'

const minute = 60_000

/** Sessions `s1` to `s<count>` of a new tenant, of two users and three labels in turn. */
async function freshTenant(store: SessionStore, count: number): Promise<string> {
  const { tenantId } = freshRef()
  await together(count, (index) => {
    const names = { userId: `user ${index % 2}`, label: `label ${index % 3}` }
    return store.commit({ tenantId, id: `s${index + 1}` }, { revision: 0, body: 'body', ...names })
  })
  return tenantId
}

function inOrder(records: readonly SessionRecord[]): SessionRecord[] {
  return records.toSorted((a, b) => b.activeAt - a.activeAt || (a.id < b.id ? -1 : 1))
}

export const listingCases: StoreChapter = {
  title: 'listing: pages of a tenant or a user, newest activity first',
  cases: [
    {
      title: 'a tenant without sessions has one empty page',
      async run({ store }) {
        expect(await store.list({ tenantId: freshRef().tenantId, limit: 10 })).toEqual({ items: [] })
      },
    },
    {
      title: 'lists records as read gives them, and nothing else',
      async run({ store, peer }) {
        const ref = freshRef()
        const names = { userId: 'alice', label: 'support', title: 'Phones' }
        await store.commit(ref, {
          revision: 0,
          body: 'b',
          messages: [message('m1')],
          idleMs: minute,
          ...names,
        })
        const stored = await store.read(ref)
        expect((await peer.list({ tenantId: ref.tenantId, limit: 10 })).items).toEqual([stored!.record])
      },
    },
    {
      title: 'the newest comes first, equal times in the order of ids',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store, 30)
        const { createdAt } = (await store.read({ tenantId, id: 's1' }))!.record
        await until(async () => {
          const { record } = await store.commit(freshRef(), { revision: 0 })
          return record.createdAt > createdAt + 1
        })
        await store.commit({ tenantId, id: 'newest' }, { revision: 0 })
        const listed = await allSessions(peer, { tenantId }, 4)
        expect(listed).toHaveLength(31)
        expect(listed[0]?.id).toBe('newest')
        expect(ids(listed)).toEqual(ids(inOrder(listed)))
      },
    },
    {
      title: 'pages of any size hold every session once, and the last one has no cursor',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store, 12)
        const whole = ids(await allSessions(store, { tenantId }))
        expect(new Set(whole)).toEqual(new Set(range(12).map((n) => `s${n}`)))
        for (const limit of [1, 5, 6, 11, 12, 13]) {
          expect(ids(await allSessions(peer, { tenantId }, limit)), `pages of ${limit}`).toEqual(whole)
        }
        expect((await store.list({ tenantId, limit: 12 })).cursor).toBeUndefined()
        expect((await store.list({ tenantId, limit: 11 })).cursor).toBeDefined()
      },
    },
    {
      title: 'filters by user, by label and by both, page by page',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store, 30)
        const everyone = await allSessions(store, { tenantId })
        for (const query of [
          { userId: 'user 1' },
          { label: 'label 2' },
          { userId: 'user 0', label: 'label 1' },
          { userId: 'nobody' },
          { label: 'nothing' },
        ]) {
          const expected = everyone.filter(
            ({ userId, label }) => userId === (query.userId ?? userId) && label === (query.label ?? label),
          )
          expect(ids(await allSessions(peer, { tenantId, ...query }, 2))).toEqual(ids(expected))
        }
      },
    },
    {
      title: 'follows a session that changes its user or label, or loses them',
      async run({ store, peer }) {
        const ref = freshRef()
        const { tenantId } = ref
        const found = async (query: { userId?: string; label?: string }) =>
          (await allSessions(peer, { tenantId, ...query })).length
        await store.commit(ref, { revision: 0 })
        expect(await found({ userId: 'alice' })).toBe(0)
        await store.commit(ref, { userId: 'alice', label: 'support' })
        expect([await found({ userId: 'alice' }), await found({ label: 'support' })]).toEqual([1, 1])
        await store.commit(ref, { userId: 'bob', label: 'sales' })
        expect([await found({ userId: 'alice' }), await found({ label: 'support' })]).toEqual([0, 0])
        expect([await found({ userId: 'bob' }), await found({ label: 'sales' })]).toEqual([1, 1])
        await store.commit(ref, { userId: '', label: '' })
        expect([await found({ userId: 'bob' }), await found({ label: 'sales' }), await found({})]).toEqual([
          0, 0, 1,
        ])
      },
    },
    {
      title: 'leaves out what was removed, also for its user',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store, 6)
        await peer.remove({ tenantId, id: 's3' })
        expect(ids(await allSessions(store, { tenantId }, 2))).not.toContain('s3')
        expect(ids(await allSessions(store, { tenantId, userId: 'user 0' }))).toHaveLength(2)
      },
    },
    {
      title: 'pages go on when the session their cursor stopped at is gone',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store, 9)
        const whole = ids(await allSessions(store, { tenantId }))
        const { items, cursor } = await store.list({ tenantId, limit: 4 })
        await peer.remove({ tenantId, id: items.at(-1)!.id })
        const rest = await peer.list({ tenantId, limit: 9, cursor: cursor! })
        expect(ids(rest.items)).toEqual(whole.slice(4))
      },
    },
    {
      title: 'pages hold every session once while 100 appends run',
      async run({ store, peer }) {
        const tenantId = await freshTenant(store, 20)
        const [, listed] = await Promise.all([
          together(100, (n) => append(store, { tenantId, id: `s${(n % 20) + 1}` }, message(`m${n}`))),
          allSessions(peer, { tenantId }, 3),
        ])
        expect(listed).toHaveLength(20)
        expect(new Set(ids(listed)).size).toBe(20)
      },
    },
    {
      title: 'an append at once after another does not move activeAt',
      async run({ store, peer }) {
        const ref = freshRef()
        const { activeAt, createdAt } = (await store.commit(ref, { revision: 0 })).record
        expect(activeAt).toBe(createdAt)
        expect((await append(peer, ref, message('m1'))).record.activeAt).toBe(activeAt)
      },
    },
    {
      title: 'refuses a cursor that is none of its own',
      async run({ store, peer }) {
        const { tenantId } = freshRef()
        const strange = [
          '',
          'garbage',
          '!',
          '*',
          '0',
          '-1',
          'null',
          '{}',
          '[]',
          'e30',
          'W10',
          'bnVsbA',
          '\u0000',
          'é',
        ]
        for (const cursor of strange) {
          await expectRefusal(peer.list({ tenantId, limit: 10, cursor }), 'invalid')
        }
        expect((await store.list({ tenantId, limit: 10 })).items).toEqual([])
      },
    },
    {
      title: "another tenant's cursor shows nothing of that tenant",
      async run({ store, peer }) {
        const theirs = await freshTenant(store, 4)
        const mine = await freshTenant(store, 4)
        const { cursor } = await store.list({ tenantId: theirs, limit: 2 })
        const page = await peer
          .list({ tenantId: mine, limit: 10, cursor: cursor! })
          .catch(() => ({ items: [] }))
        expect(page.items.every(({ tenantId }) => tenantId === mine)).toBe(true)
      },
    },
    {
      title: 'refuses a page of none, of more than 1,000, or of no whole number',
      async run({ store }) {
        for (const limit of [0, -1, 1001, 1.5, Number.NaN, Infinity]) {
          await expectRefusal(store.list({ tenantId: freshRef().tenantId, limit }), 'invalid')
        }
      },
    },
  ],
}
