import { expect } from 'vitest'
import {
  allMessages,
  append,
  expectRefusal,
  freshRef,
  freshSession,
  message,
  numbered,
  range,
  seqs,
  type StoreChapter,
} from '../store-case.js'

/** Semantic 1: a commit is all or nothing, and gives each message its place. */
export const commitCases: StoreChapter = {
  title: '1 commit',
  cases: [
    {
      title: 'creates a session with body, messages and names, and reads it back',
      async run({ store, peer }) {
        const ref = freshRef()
        const { record, messages } = await store.commit(ref, {
          revision: 0,
          incarnation: 'first',
          body: '{"a":1}',
          messages: numbered(2),
          userId: 'alice',
          label: 'support',
          title: 'Phones',
        })
        expect(record).toMatchObject({ ...ref, incarnation: 'first', revision: 1, lastSeq: 2, trimmedSeq: 0 })
        expect(record).toMatchObject({ userId: 'alice', label: 'support', title: 'Phones' })
        expect(messages).toMatchObject([
          { id: 'm1', seq: 1, inserted: true },
          { id: 'm2', seq: 2, inserted: true },
        ])
        const stored = await peer.read(ref, { tail: 10 })
        expect(stored).toEqual({
          record,
          body: '{"a":1}',
          messages: numbered(2).map(({ id, payload }, index) => ({
            seq: index + 1,
            id,
            at: messages[index]!.at,
            payload,
          })),
        })
      },
    },
    {
      title: 'refuses to create a live session, with its revision',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one' })
        await store.commit(ref, { revision: 1, body: 'two' })
        await expectRefusal(peer.commit(ref, { revision: 0, body: 'other' }), 'conflict', { revision: 2 })
        expect((await store.read(ref))?.body).toBe('two')
      },
    },
    {
      title: 'keeps 50 appends of two instances at once, seq 1 to 50',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        await Promise.all(range(50).map((n) => append(n % 2 === 0 ? store : peer, ref, message(`m${n}`))))
        const all = await allMessages(store, ref)
        expect(seqs(all)).toEqual(range(50))
        expect(new Set(all.map(({ id }) => id)).size).toBe(50)
      },
    },
  ],
}
