import { expect } from 'vitest'
import type { MessageQuery } from '../../contract/session-store.js'
import {
  allMessages,
  append,
  expectRefusal,
  freshRef,
  freshSession,
  ids,
  message,
  numbered,
  range,
  seqs,
  type StoreChapter,
} from '../store-case.js'

// Queries of messages 1 to 10, and the seqs and `more` that a store must give.
const queries: readonly [query: MessageQuery, expected: number[], more: boolean][] = [
  [{ limit: 3 }, [1, 2, 3], true],
  [{ limit: 3, order: 'asc' }, [1, 2, 3], true],
  [{ limit: 10 }, range(10), false],
  [{ limit: 1000 }, range(10), false],
  [{ limit: 3, after: 0 }, [1, 2, 3], true],
  [{ limit: 3, after: 7 }, [8, 9, 10], false],
  [{ limit: 3, after: 8 }, [9, 10], false],
  [{ limit: 3, after: 10 }, [], false],
  [{ limit: 3, after: 99 }, [], false],
  [{ limit: 3, before: 3 }, [1, 2], false],
  [{ limit: 3, before: 5 }, [1, 2, 3], true],
  [{ limit: 3, before: 1 }, [], false],
  [{ limit: 3, before: 0 }, [], false],
  [{ limit: 5, after: 3, before: 7 }, [4, 5, 6], false],
  [{ limit: 2, after: 3, before: 7 }, [4, 5], true],
  [{ limit: 2, after: 5, before: 6 }, [], false],
  [{ limit: 2, after: 7, before: 3 }, [], false],
  [{ limit: 3, order: 'desc' }, [10, 9, 8], true],
  [{ limit: 10, order: 'desc' }, range(10).reverse(), false],
  [{ limit: 3, order: 'desc', before: 4 }, [3, 2, 1], false],
  [{ limit: 3, order: 'desc', before: 5 }, [4, 3, 2], true],
  [{ limit: 3, order: 'desc', after: 8 }, [10, 9], false],
  [{ limit: 3, order: 'desc', after: 7 }, [10, 9, 8], false],
  [{ limit: 2, order: 'desc', after: 3, before: 7 }, [6, 5], true],
  [{ limit: 3, order: 'desc', before: 99 }, [10, 9, 8], true],
]

export const readingCases: StoreChapter = {
  title: 'reading: tails and pages of messages',
  cases: [
    {
      title: 'a tail is the newest messages in order, none unless asked for',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(10) })
        expect((await peer.read(ref))?.messages).toEqual([])
        for (const [tail, expected] of [
          [0, []],
          [1, [10]],
          [3, [8, 9, 10]],
          [10, range(10)],
          [1000, range(10)],
        ] as const) {
          const stored = await peer.read(ref, { tail })
          expect(seqs(stored!.messages), `tail ${tail}`).toEqual(expected)
          expect(stored).toMatchObject({ body: 'one', record: { lastSeq: 10 } })
        }
        const { messages } = await peer.messages(ref, { limit: 10 })
        expect((await peer.read(ref, { tail: 10 }))?.messages, 'the same messages as in a page').toEqual(
          messages,
        )
      },
    },
    {
      title: 'a session without messages has empty tails and pages',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        expect((await peer.read(ref, { tail: 5 }))?.messages).toEqual([])
        for (const order of ['asc', 'desc'] as const) {
          expect(await peer.messages(ref, { limit: 5, order })).toEqual({ messages: [], more: false })
        }
      },
    },
    ...queries.map(([query, expected, more]) => ({
      title: `of messages 1 to 10, ${JSON.stringify(query)} is [${expected.join()}]${more ? ' and more' : ''}`,
      run: readsTen(query, expected, more),
    })),
    {
      title: 'pages either way hold every message once while others are appended',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(60) })
        const writing = (async () => {
          for (const n of range(100)) await append(store, ref, message(`new ${n}`))
        })()
        const forward = await allMessages(peer, ref, 7)
        const backward: number[] = []
        let before = 61
        for (let more = true; more;) {
          const page = await peer.messages(ref, { before, limit: 7, order: 'desc' })
          backward.push(...seqs(page.messages))
          before = backward.at(-1)!
          more = page.more
        }
        await writing
        expect(backward).toEqual(range(60).reverse())
        expect(seqs(forward)).toEqual(range(forward.length))
        expect(ids(forward).slice(0, 60)).toEqual(ids(numbered(60)))
        expect(seqs(await allMessages(peer, ref, 50))).toEqual(range(160))
      },
    },
    {
      title: '10,000 messages: pages, tail and the next append are right',
      async run({ store, peer }) {
        const ref = freshRef()
        await store.commit(ref, { revision: 0 })
        for (const batch of range(20)) await append(store, ref, ...numbered(500, (batch - 1) * 500 + 1))
        expect(seqs((await peer.read(ref, { tail: 20 }))!.messages)).toEqual(range(10_000, 9981))
        expect(seqs((await peer.messages(ref, { after: 4999, limit: 3 })).messages)).toEqual([
          5000, 5001, 5002,
        ])
        const { messages } = await append(peer, ref, message('m5000'), message('m10001'))
        expect(messages).toMatchObject([
          { seq: 5000, inserted: false },
          { seq: 10_001, inserted: true },
        ])
        const all = await allMessages(store, ref)
        expect(seqs(all)).toEqual(range(10_001))
        expect(ids(all)).toEqual(ids(numbered(10_001)))
        expect(await store.trim(ref, 9000)).toBe(9000)
        expect(seqs(await allMessages(peer, ref))).toEqual(range(10_001, 9001))
      },
    },
    {
      title: 'refuses a page of none, of more than 1,000, or of no whole number',
      async run({ store }) {
        const ref = await freshSession(store)
        for (const limit of [0, -1, 1001, 1.5, Number.NaN, Infinity]) {
          await expectRefusal(store.messages(ref, { limit }), 'invalid')
        }
      },
    },
  ],
}

function readsTen(
  query: MessageQuery,
  expected: number[],
  more: boolean,
): StoreChapter['cases'][number]['run'] {
  return async ({ store, peer }) => {
    const ref = await freshSession(store, { messages: numbered(10) })
    const page = await peer.messages(ref, query)
    expect({ seqs: seqs(page.messages), more: page.more }).toEqual({ seqs: expected, more })
    expect(
      page.messages.every(({ seq, id, payload }) => id === `m${seq}` && payload === `payload of m${seq}`),
    ).toBe(true)
  }
}
