import { expect } from 'vitest'
import { withDateOff } from '../skewed-date.js'
import {
  allSessions,
  append,
  expectAbsent,
  freshRef,
  freshSession,
  ids,
  message,
  numbered,
  type StoreChapter,
  type StoreUnderTest,
} from '../store-case.js'
import { until } from '../until.js'

const minute = 60_000
const hour = 60 * minute
const off = [
  ['an hour ahead', hour],
  ['an hour behind', -hour],
] as const

export const deadlineCases: StoreChapter = {
  title: 'deadlines: the clock of the store decides',
  cases: [
    {
      title: 'a session past its deadline is absent at once from everything, and no earlier',
      async run({ store, peer }) {
        const ref = freshRef()
        const change = { revision: 0, messages: numbered(2), idleMs: 100 }
        const { expiresAt } = (await store.commit(ref, change)).record
        await until(async () => (await peer.read(ref)) === undefined)
        const other = await store.commit(freshRef(), { revision: 0 })
        expect(other.record.createdAt, 'the clock of the store has passed it').toBeGreaterThanOrEqual(
          expiresAt!,
        )
        await expectAbsent(store, ref)
        await expectAbsent(peer, ref)
      },
    },
    {
      title: 'idleMs 0 ends a session with the commit that says it',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const { record } = await store.commit(ref, { messages: numbered(1), idleMs: 0 })
        expect(record).toMatchObject({ lastSeq: 1, expiresAt: record.updatedAt })
        await expectAbsent(peer, ref)
      },
    },
    {
      title: 'an expired session is missing from the list while others are there',
      async run({ store, peer }) {
        const ref = await freshSession(store, { userId: 'alice', label: 'support' })
        const gone = { ...ref, id: 'gone' }
        await store.commit(gone, { revision: 0, userId: 'alice', label: 'support', idleMs: 0 })
        for (const query of [{}, { userId: 'alice' }, { label: 'support' }]) {
          expect(ids(await allSessions(peer, { tenantId: ref.tenantId, ...query }, 1))).toEqual([ref.id])
        }
      },
    },
    {
      title: 'idleMs counts from the commit',
      async run({ store, peer }) {
        const ref = freshRef()
        const { record } = await store.commit(ref, { revision: 0, idleMs: hour })
        expect(record.expiresAt).toBe(record.createdAt + hour)
        const moved = (await peer.commit(ref, { idleMs: 2 * hour })).record
        expect(moved.expiresAt).toBe(moved.updatedAt + 2 * hour)
        const sooner = (await store.commit(ref, { idleMs: minute })).record
        expect(sooner.expiresAt).toBe(sooner.updatedAt + minute)
        expect((await peer.read(ref))?.record).toEqual(sooner)
      },
    },
    {
      title: 'absoluteMs counts from the creation and bounds idleMs',
      async run({ store, peer }) {
        const ref = freshRef()
        const { record } = await store.commit(ref, { revision: 0, absoluteMs: hour })
        const { createdAt } = record
        expect(record.expiresAt).toBe(createdAt + hour)
        const bounded = await peer.commit(ref, { idleMs: 2 * hour, absoluteMs: hour })
        expect(bounded.record.expiresAt).toBe(createdAt + hour)
        const idle = (await store.commit(ref, { idleMs: minute, absoluteMs: hour })).record
        expect(idle.expiresAt).toBe(idle.updatedAt + minute)
        await peer.commit(ref, { absoluteMs: 0 })
        await expectAbsent(store, ref)
      },
    },
    {
      title: 'neither given leaves the deadline, also when there is none',
      async run({ store, peer }) {
        const ref = freshRef()
        const { expiresAt } = (await store.commit(ref, { revision: 0, idleMs: hour })).record
        await append(peer, ref, message('m1'))
        expect((await peer.commit(ref, { revision: 1, body: 'two' })).record.expiresAt).toBe(expiresAt)
        const forever = await freshSession(store)
        expect((await append(peer, forever, message('m1'))).record.expiresAt).toBeUndefined()
      },
    },
    {
      title: 'reading, amending and trimming leave the deadline',
      async run({ store, peer }) {
        const ref = freshRef()
        const { record } = await store.commit(ref, { revision: 0, messages: numbered(2), idleMs: hour })
        await peer.read(ref, { tail: 1 })
        await peer.messages(ref, { limit: 1 })
        await peer.amend(ref, [{ seq: 2, payload: 'amended' }])
        await peer.trim(ref, 1)
        expect((await store.read(ref))?.record).toEqual({ ...record, changes: 3, trimmedSeq: 1, bytes: 7 })
      },
    },
    ...off.map(([words, offMs]) => ({
      title: `times are the store's in a process whose clock is ${words}`,
      async run({ store, peer }: StoreUnderTest) {
        const before = (await store.commit(freshRef(), { revision: 0 })).record.createdAt
        const ref = freshRef()
        const { record, messages } = await withDateOff(offMs, () =>
          peer.commit(ref, { revision: 0, messages: numbered(1), idleMs: minute }),
        )
        const after = (await store.commit(freshRef(), { revision: 0 })).record.createdAt
        for (const at of [record.createdAt, record.updatedAt, record.activeAt, messages[0]!.at]) {
          expect(at).toBeGreaterThanOrEqual(before)
          expect(at).toBeLessThanOrEqual(after)
        }
        expect(record.expiresAt).toBe(record.createdAt + minute)
        expect(await store.read(ref, { tail: 1 })).toMatchObject({
          record,
          messages: [{ at: messages[0]!.at }],
        })
      },
    })),
    {
      title: 'a process whose clock is an hour ahead loses no session',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(1), idleMs: minute })
        await withDateOff(hour, async () => {
          expect(await peer.read(ref)).toBeDefined()
          expect((await peer.messages(ref, { limit: 1 })).messages).toHaveLength(1)
          expect((await peer.list({ tenantId: ref.tenantId, limit: 1 })).items).toHaveLength(1)
          await peer.sweep({ limit: 1000 })
          await append(peer, ref, message('m2'))
        })
        expect((await store.read(ref))?.record.lastSeq).toBe(2)
      },
    },
    {
      title: 'a process whose clock is an hour behind sees no expired session',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(1), idleMs: 0 })
        await withDateOff(-hour, () => expectAbsent(peer, ref))
      },
    },
  ],
}
