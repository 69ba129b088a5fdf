import { expect } from 'vitest'
import { expectAbsent, freshRef, freshSession, numbered, type StoreChapter } from '../store-case.js'

const minute = 60_000
const hour = 60 * minute

export const lifetimeCases: StoreChapter = {
  title: "lifetimes: a session's own goes before what commits say",
  cases: [
    {
      title: 'its own idleMs moves the deadline, whatever commits say, until it has another or none',
      async run({ store, peer }) {
        const ref = freshRef()
        const { record } = await store.commit(ref, {
          revision: 0,
          idleMs: hour,
          lifetime: { idleMs: minute },
        })
        expect(record).toMatchObject({ lifetime: { idleMs: minute }, expiresAt: record.createdAt + minute })
        expect((await peer.read(ref))?.record).toEqual(record)
        for (const change of [{ idleMs: hour }, {}, { title: 'Phones' }, { messages: numbered(1) }]) {
          const { record } = await peer.commit(ref, change)
          expect(record, JSON.stringify(change)).toMatchObject({
            lifetime: { idleMs: minute },
            expiresAt: record.updatedAt + minute,
          })
        }
        const longer = (await store.commit(ref, { idleMs: hour, lifetime: { idleMs: 2 * hour } })).record
        expect(longer.expiresAt).toBe(longer.updatedAt + 2 * hour)
        const none = (await peer.commit(ref, { idleMs: hour, lifetime: {} })).record
        expect(none.lifetime).toBeUndefined()
        expect(none.expiresAt).toBe(none.updatedAt + hour)
        expect((await store.read(ref))?.record).toEqual(none)
        expect((await store.commit(ref, {})).record.expiresAt, 'it stays, as without a lifetime').toBe(
          none.expiresAt,
        )
      },
    },
    {
      title: 'what it leaves out is for commits to say',
      async run({ store, peer }) {
        const ref = await freshSession(store, { lifetime: { absoluteMs: hour } })
        const { createdAt } = (await store.read(ref))!.record
        const soon = (await peer.commit(ref, { idleMs: minute, absoluteMs: 9 * hour })).record
        expect(soon.expiresAt).toBe(soon.updatedAt + minute)
        const late = (await store.commit(ref, { idleMs: 9 * hour, absoluteMs: 9 * hour })).record
        expect(late).toMatchObject({ lifetime: { absoluteMs: hour }, expiresAt: createdAt + hour })
      },
    },
    {
      title: 'null is for ever: neither idleness nor age ends it',
      async run({ store, peer }) {
        const ref = await freshSession(store, { idleMs: hour, lifetime: { idleMs: null, absoluteMs: null } })
        expect((await peer.read(ref))?.record).not.toHaveProperty('expiresAt')
        const { record } = await peer.commit(ref, { idleMs: 0, absoluteMs: minute })
        expect(record).not.toHaveProperty('expiresAt')
        expect(record.lifetime).toEqual({ idleMs: null, absoluteMs: null })
        await store.commit(ref, { lifetime: { idleMs: null, absoluteMs: hour }, idleMs: minute })
        const aged = (await peer.read(ref))!.record
        expect(aged.expiresAt).toBe(aged.createdAt + hour)
      },
    },
    {
      title: 'idleMs 0 of its own ends it',
      async run({ store, peer }) {
        const ref = await freshSession(store, { idleMs: hour })
        const { record } = await store.commit(ref, { idleMs: hour, lifetime: { idleMs: 0 } })
        expect(record.expiresAt).toBe(record.updatedAt)
        await expectAbsent(peer, ref)
      },
    },
    {
      title: 'a session that takes the place of an expired one has none of it',
      async run({ store, peer }) {
        const ref = await freshSession(store, { idleMs: 0, lifetime: { absoluteMs: hour } })
        const { record } = await peer.commit(ref, { revision: 0, idleMs: hour })
        expect(record).not.toHaveProperty('lifetime')
        expect(record.expiresAt).toBe(record.createdAt + hour)
      },
    },
    {
      title: 'a copy has the lifetime of its session',
      async run({ store, peer }) {
        for (const lifetime of [
          { idleMs: minute },
          { absoluteMs: null },
          { idleMs: null, absoluteMs: hour },
        ]) {
          const ref = await freshSession(store, { idleMs: hour, lifetime, messages: numbered(2) })
          const { record, body, messages } = (await store.read(ref, { tail: 9 }))!
          const to = freshRef()
          await peer.restore(to, { record, body, messages })
          expect((await store.read(to, { tail: 9 }))?.record).toEqual({ ...record, ...to })
          const changed = (await store.commit(to, { idleMs: 2 * hour })).record
          expect(changed.lifetime).toEqual(lifetime)
        }
      },
    },
  ],
}
