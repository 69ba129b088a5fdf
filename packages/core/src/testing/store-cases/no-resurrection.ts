import { expect } from 'vitest'
import type { SessionStore } from '../../contract/session-store.js'
import { together } from '../start-gate.js'
import {
  allMessages,
  append,
  expectAbsent,
  expectRefusal,
  freshRef,
  freshSession,
  ids,
  message,
  numbered,
  range,
  refusalOf,
  type StoreChapter,
} from '../store-case.js'
import { until } from '../until.js'

const everything = { body: 'old', messages: numbered(3), userId: 'alice', label: 'support', title: 'Phones' }

/** Makes a session at a place that had a session before, and checks that nothing of the earlier one is left. */
async function expectNewBeginning(
  store: SessionStore,
  peer: SessionStore,
  ref: { tenantId: string; id: string },
) {
  const { record } = await store.commit(ref, { revision: 0 })
  expect(record).toMatchObject({ revision: 1, lastSeq: 0, trimmedSeq: 0 })
  for (const name of ['expiresAt', 'userId', 'label', 'title'] as const) {
    expect(record[name], name).toBeUndefined()
  }
  expect(await peer.read(ref, { tail: 10 })).toEqual({ record, body: '', messages: [] })
  expect(await allMessages(peer, ref)).toEqual([])
  expect((await peer.list({ ...ref, limit: 10 })).items).toEqual([record])
  expect((await peer.list({ ...ref, userId: 'alice', limit: 10 })).items).toEqual([])
  expect((await append(peer, ref, message('m1', 'new'))).messages).toMatchObject([{ seq: 1, inserted: true }])
  return record
}

export const noResurrectionCases: StoreChapter = {
  title: 'no resurrection: what is gone stays gone',
  cases: [
    {
      title: 'amend, trim and remove that mean an earlier session of the id leave the present one alone',
      async run({ store, peer }) {
        const ref = await freshSession(store, { incarnation: 'earlier', messages: numbered(3) })
        await store.remove(ref)
        await peer.commit(ref, { revision: 0, incarnation: 'present', body: 'kept', messages: numbered(3) })
        const before = await store.read(ref, { tail: 3 })
        const guard = { incarnation: 'earlier' }
        expect(await store.amend(ref, [{ seq: 1, payload: 'amended' }], guard)).toBe(0)
        expect(await peer.trim(ref, 2, guard)).toBe(0)
        expect(await store.remove(ref, guard)).toBe(false)
        expect(await peer.read(ref, { tail: 3 })).toEqual(before)

        const meant = { incarnation: 'present' }
        expect(await peer.amend(ref, [{ seq: 3, payload: 'amended' }], meant)).toBe(1)
        expect(await store.trim(ref, 2, meant)).toBe(2)
        expect((await allMessages(store, ref)).map(({ payload }) => payload)).toEqual(['amended'])
        expect(await peer.remove(ref, meant)).toBe(true)
        expect(await store.read(ref)).toBeUndefined()
      },
    },
    {
      title: 'a session that never was is absent from every method',
      async run({ store }) {
        await expectAbsent(store, freshRef())
      },
    },
    {
      title: 'a removed session is absent from every method, and no late write brings it back',
      async run({ store, peer }) {
        const ref = await freshSession(store, everything)
        await store.commit(ref, { revision: 1, body: 'two' })
        expect(await peer.remove(ref)).toBe(true)
        await expectAbsent(store, ref)
        await expectAbsent(peer, ref)
      },
    },
    {
      title: 'an expired session is absent from every method, and no late write brings it back',
      async run({ store, peer }) {
        const ref = await freshSession(store, everything)
        await store.commit(ref, { revision: 1, body: 'two', idleMs: 0 })
        await expectAbsent(peer, ref)
        await expectAbsent(store, ref)
      },
    },
    {
      title: 'one of ten removals at once removes it',
      async run({ store, peer }) {
        const ref = await freshSession(store, everything)
        const removed = await together(10, (n) => (n % 2 === 0 ? store : peer).remove(ref))
        expect(removed.filter(Boolean)).toHaveLength(1)
      },
    },
    {
      title: 'a session made where one was removed has nothing of it',
      async run({ store, peer }) {
        const ref = await freshSession(store, { ...everything, incarnation: 'first', idleMs: 60_000 })
        await store.trim(ref, 1)
        await store.remove(ref)
        const { incarnation } = await expectNewBeginning(store, peer, ref)
        expect(incarnation).not.toBe('first')
      },
    },
    {
      title: 'a session made where one expired has nothing of it, and a sweep leaves it alone',
      async run({ store, peer }) {
        const ref = await freshSession(store, { ...everything, incarnation: 'first', idleMs: 0 })
        const { incarnation } = await expectNewBeginning(store, peer, ref)
        expect(incarnation).not.toBe('first')
        while ((await peer.sweep({ limit: 1000 })) > 0) continue
        expect(await store.read(ref, { tail: 2 })).toMatchObject({
          record: { incarnation },
          messages: [{ seq: 1 }],
        })
      },
    },
    {
      title: 'the incarnation a store makes is another one each time',
      async run({ store, peer }) {
        const ref = freshRef()
        const seen = new Set<string>()
        for (const n of range(5)) {
          const { record } = await (n % 2 === 0 ? store : peer).commit(ref, { revision: 0 })
          seen.add(record.incarnation)
          await store.remove(ref)
        }
        expect(seen.size).toBe(5)
      },
    },
    {
      title: 'a change for an earlier incarnation is not_found, also at an equal revision',
      async run({ store, peer }) {
        const ref = await freshSession(store, { incarnation: 'first', body: 'old' })
        await store.remove(ref)
        await store.commit(ref, { revision: 0, incarnation: 'second', body: 'new' })
        const late = { revision: 1, body: 'late', messages: [message('m1')] }
        await expectRefusal(peer.commit(ref, { ...late, incarnation: 'first' }), 'not_found')
        await expectRefusal(peer.commit(ref, { messages: late.messages, incarnation: 'first' }), 'not_found')
        expect(await store.read(ref, { tail: 1 })).toMatchObject({ body: 'new', messages: [] })
        await peer.commit(ref, { ...late, incarnation: 'second' })
        expect(await store.read(ref, { tail: 1 })).toMatchObject({ body: 'late', messages: [{ id: 'm1' }] })
      },
    },
    {
      title: 'a removal racing commits, 20 rounds: nothing is left',
      async run({ store, peer }) {
        const late = [
          { messages: [message('m9')] },
          { revision: 1, body: 'late' },
          { title: 'late', idleMs: 60_000 },
          { revision: 1, body: 'late', messages: [message('m8')] },
        ]
        for (const _ of range(20)) {
          const ref = await freshSession(store, everything)
          const outcomes = await together(late.length + 1, async (n) => {
            if (n === 2) return peer.remove(ref).then(() => undefined)
            return refusalOf((n % 2 === 0 ? store : peer).commit(ref, late[n > 2 ? n - 1 : n]!))
          })
          for (const refused of outcomes)
            expect(['not_found', 'conflict', undefined]).toContain(refused?.code)
          expect(await peer.read(ref)).toBeUndefined()
          expect((await store.list({ tenantId: ref.tenantId, limit: 10 })).items).toEqual([])
          expect(ids((await append(store, await remade(store, ref), message('m1'))).messages)).toEqual(['m1'])
          expect(ids(await allMessages(peer, ref))).toEqual(['m1'])
        }
      },
    },
    {
      title: 'a removal and a new beginning racing late appends, 20 rounds: the new one has none of them',
      async run({ store, peer }) {
        for (const _ of range(20)) {
          const ref = await freshSession(store, { incarnation: 'first' })
          await together(3, async (n) => {
            const late = { incarnation: 'first', messages: [message(`late ${n}`)] }
            if (n > 0) return refusalOf(peer.commit(ref, late))
            await store.remove(ref)
            return store.commit(ref, { revision: 0, incarnation: 'second' })
          })
          expect(await allMessages(peer, ref)).toEqual([])
          expect((await peer.read(ref))?.record).toMatchObject({ incarnation: 'second', lastSeq: 0 })
        }
      },
    },
    {
      title: 'a deadline racing appends: none gets in after it, and once one is refused, all are',
      async run({ store, peer }) {
        const ref = freshRef()
        const { expiresAt } = (await store.commit(ref, { revision: 0, idleMs: 40 })).record
        let refused = 0
        let sent = 0
        await until(async () => {
          const appending = append(sent % 2 === 0 ? store : peer, ref, message(`m${sent++}`))
          const late = await refusalOf(appending)
          if (late === undefined) {
            expect(refused).toBe(0)
            expect((await appending).record.updatedAt).toBeLessThan(expiresAt!)
            return false
          }
          expect(late).toEqual({ code: 'not_found' })
          return ++refused === 10
        })
        await expectAbsent(peer, ref)
      },
    },
    {
      title: 'a sweep racing a new beginning, 20 rounds: the new one stays',
      async run({ store, peer }) {
        for (const _ of range(20)) {
          const ref = await freshSession(store, { ...everything, idleMs: 0 })
          await together(2, async (n) =>
            n === 0 ? peer.sweep({ limit: 1000 }) : store.commit(ref, { revision: 0, messages: numbered(1) }),
          )
          expect(await store.read(ref, { tail: 5 })).toMatchObject({
            record: { lastSeq: 1 },
            messages: [{ id: 'm1' }],
          })
          expect(ids((await peer.list({ ...ref, limit: 10 })).items)).toEqual([ref.id])
        }
      },
    },
  ],
}

async function remade(store: SessionStore, ref: { tenantId: string; id: string }) {
  await store.commit(ref, { revision: 0 })
  return ref
}
