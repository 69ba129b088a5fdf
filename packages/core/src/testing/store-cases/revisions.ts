import { expect } from 'vitest'
import { together } from '../start-gate.js'
import {
  allMessages,
  append,
  changeBody,
  expectRefusal,
  freshRef,
  freshSession,
  message,
  numbered,
  range,
  refusalOf,
  seqs,
  type StoreChapter,
} from '../store-case.js'

const addOne = (body: string) => String(Number(body) + 1)

export const revisionCases: StoreChapter = {
  title: 'revisions: one of two bodies wins',
  cases: [
    {
      title: 'a body moves the revision by one, messages and names do not',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one' })
        expect((await append(store, ref, message('m1'))).record.revision).toBe(1)
        expect((await store.commit(ref, { title: 'Phones' })).record.revision).toBe(1)
        expect((await peer.commit(ref, { revision: 1, body: 'two' })).record.revision).toBe(2)
        expect((await store.commit(ref, { revision: 2, body: 'two' })).record.revision).toBe(3)
        expect(await store.read(ref)).toMatchObject({ record: { revision: 3 }, body: 'two' })
      },
    },
    {
      title: 'a body on an old revision is a conflict that says the current one',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one' })
        await store.commit(ref, { revision: 1, body: 'two' })
        await store.commit(ref, { revision: 2, body: 'three' })
        await expectRefusal(peer.commit(ref, { revision: 1, body: 'late' }), 'conflict', { revision: 3 })
        await expectRefusal(peer.commit(ref, { revision: 4, body: 'early' }), 'conflict', { revision: 3 })
        expect(await store.read(ref)).toMatchObject({ record: { revision: 3 }, body: 'three' })
      },
    },
    {
      title: 'an empty body is a body',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one' })
        expect((await store.commit(ref, { revision: 1, body: '' })).record.revision).toBe(2)
        expect((await peer.read(ref))?.body).toBe('')
      },
    },
    {
      title: 'a revision without a body is checked and leaves the body alone',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one' })
        const { record } = await store.commit(ref, { revision: 1, messages: numbered(1) })
        expect(record).toMatchObject({ revision: 1, lastSeq: 1 })
        expect((await peer.read(ref))?.body).toBe('one')
        await expectRefusal(peer.commit(ref, { revision: 2, messages: numbered(1, 2) }), 'conflict', {
          revision: 1,
        })
        expect(seqs(await allMessages(store, ref))).toEqual([1])
      },
    },
    {
      title: 'creating a live session is a conflict that says its revision',
      async run({ store, peer }) {
        const ref = await freshSession(store, { incarnation: 'this', body: 'one' })
        await store.commit(ref, { revision: 1, body: 'two' })
        const change = { revision: 0, incarnation: 'this', body: 'other', messages: numbered(1) }
        await expectRefusal(peer.commit(ref, change), 'conflict', { revision: 2 })
        expect(await store.read(ref, { tail: 1 })).toMatchObject({ body: 'two', messages: [] })
      },
    },
    {
      title: '20 creations at once: one wins, 19 are conflicts',
      async run({ store, peer }) {
        const ref = freshRef()
        const outcomes = await together(20, (n) =>
          refusalOf((n % 2 === 0 ? store : peer).commit(ref, { revision: 0, body: `body ${n}` })),
        )
        const winner = outcomes.indexOf(undefined)
        const others = outcomes.filter((_, n) => n !== winner)
        expect(others).toEqual(range(19).map(() => ({ code: 'conflict', revision: 1 })))
        expect(await store.read(ref)).toMatchObject({ record: { revision: 1 }, body: `body ${winner}` })
      },
    },
    {
      title: 'two bodies on one revision, 20 rounds: exactly one wins, the other learns the new revision',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        for (const revision of range(20)) {
          const outcomes = await together(2, (n) =>
            refusalOf((n === 0 ? store : peer).commit(ref, { revision, body: `${revision}: ${n}` })),
          )
          const winner = outcomes.indexOf(undefined)
          expect(outcomes[1 - winner]).toEqual({ code: 'conflict', revision: revision + 1 })
          expect((await store.read(ref))?.body).toBe(`${revision}: ${winner}`)
        }
      },
    },
    {
      title: '20 additions at once, each tried again after a conflict, all count',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: '0' })
        await together(20, (n) => changeBody(n % 2 === 0 ? store : peer, ref, addOne))
        expect(await store.read(ref)).toMatchObject({ record: { revision: 21 }, body: '20' })
      },
    },
    {
      title: 'appends never conflict with body changes, nor body changes with appends',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: '0' })
        const [tries] = await together(21, async (n) => {
          if (n > 0) return append(n % 2 === 0 ? store : peer, ref, message(`m${n}`)).then(() => 0)
          let sum = 0
          for (const _ of range(10)) sum += await changeBody(peer, ref, addOne)
          return sum
        })
        expect(tries, 'no body change was tried twice').toBe(10)
        expect(await store.read(ref)).toMatchObject({ record: { revision: 11, lastSeq: 20 }, body: '10' })
      },
    },
    {
      title: '1,000 rounds of an append, a body change and a read, four at once: every effect is there',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: '0' })
        await together(4, async (lane) => {
          const [mine, other] = lane % 2 === 0 ? [store, peer] : [peer, store]
          for (const round of range(250)) {
            const [, , seen] = await Promise.all([
              append(mine, ref, message(`m${lane}.${round}`)),
              changeBody(other, ref, addOne),
              mine.read(ref, { tail: 3 }),
            ])
            const { record, body, messages } = seen!
            expect(Number(body), 'a body and its revision are read together').toBe(record.revision - 1)
            expect(seqs(messages), 'a tail is read with its record').toEqual(
              range(record.lastSeq, Math.max(1, record.lastSeq - 2)),
            )
          }
        })
        expect(await store.read(ref)).toMatchObject({
          record: { revision: 1001, lastSeq: 1000 },
          body: '1000',
        })
        const all = await allMessages(peer, ref)
        expect(seqs(all)).toEqual(range(1000))
        expect(new Set(all.map(({ id }) => id)).size).toBe(1000)
      },
    },
  ],
}
