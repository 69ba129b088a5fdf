import { expect } from 'vitest'
import { maxPageBytes } from '../../contract/page-bytes.js'
import type { SessionRef } from '../../contract/session-record.js'
import type { SessionStore, StoredMessage } from '../../contract/session-store.js'
import { together } from '../start-gate.js'
import {
  allMessages,
  append,
  bytesOf,
  freshSession,
  ids,
  message,
  range,
  seqs,
  type StoreChapter,
} from '../store-case.js'

const kilobyte = 1024
const megabyte = 1024 * kilobyte

/** A payload like JSON: some of its characters have to be escaped on their way to a server. */
function sized(n: number, bytes: number) {
  const head = `{"n":${n},"text":"`
  return message(`m${n}`, head + 'x'.repeat(bytes - head.length - 2) + '"}')
}

/** A session of `count` messages of `bytes` each. */
async function heavySession(store: SessionStore, count: number, bytes: number): Promise<SessionRef> {
  const ref = await freshSession(store)
  for (let first = 1; first <= count; first += 20) {
    const batch = range(Math.min(count, first + 19), first).map((n) => sized(n, bytes))
    await append(store, ref, ...batch)
  }
  return ref
}

async function tailOf(store: SessionStore, ref: SessionRef, tail: number): Promise<readonly StoredMessage[]> {
  return (await store.read(ref, { tail }))!.messages
}

export const pageBytesCases: StoreChapter = {
  title: 'pages: bounded by bytes as well as by count',
  cases: [
    {
      title:
        'a page of large messages ends before it is too large, says that there is more, and the next one goes on',
      async run({ store, peer }) {
        const ref = await heavySession(store, 120, 60 * kilobyte)
        const fit = Math.floor(maxPageBytes / (60 * kilobyte))
        expect(await peer.messages(ref, { limit: 1000 })).toMatchObject({ more: true })
        for (const [query, expected, more] of [
          [{ limit: 1000 }, range(fit), true],
          [{ limit: 20 }, range(20), true],
          [{ limit: 1000, after: 10 }, range(fit + 10, 11), true],
          [{ limit: 1000, after: 10, before: 50 }, range(49, 11), false],
          [{ limit: 1000, before: 90 }, range(fit), true],
          [{ limit: 1000, order: 'desc' }, range(120, 121 - fit).reverse(), true],
          [{ limit: 1000, order: 'desc', before: 100 }, range(99, 100 - fit).reverse(), true],
          [{ limit: 1000, order: 'desc', after: 100 }, range(120, 101).reverse(), false],
        ] as const) {
          const page = await peer.messages(ref, query)
          const asked = JSON.stringify(query)
          expect({ seqs: seqs(page.messages), more: page.more }, asked).toEqual({ seqs: [...expected], more })
        }
        const all = await allMessages(peer, ref)
        expect(all.map(({ id, payload }) => ({ id, payload }))).toEqual(
          range(120).map((n) => sized(n, 60 * kilobyte)),
        )
        expect(await allMessages(store, ref, 1000, 'desc')).toEqual(all.toReversed())
      },
    },
    {
      title: 'a tail of large messages is as many of the newest as fit a page',
      async run({ store, peer }) {
        const ref = await heavySession(store, 120, 60 * kilobyte)
        const fit = Math.floor(maxPageBytes / (60 * kilobyte))
        for (const [tail, expected] of [
          [1, [120]],
          [2, [119, 120]],
          [fit, range(120, 121 - fit)],
          [fit + 1, range(120, 121 - fit)],
          [1000, range(120, 121 - fit)],
        ] as const) {
          expect(seqs(await tailOf(peer, ref, tail)), `tail ${tail}`).toEqual([...expected])
        }
        const page = await store.messages(ref, { limit: 1000, order: 'desc' })
        expect(await tailOf(store, ref, 1000)).toEqual(page.messages.toReversed())
        await store.trim(ref, 100)
        expect(seqs(await tailOf(peer, ref, 1000)), 'all that is left fits').toEqual(range(120, 101))
      },
    },
    {
      title: 'a tail that was small becomes large by another instance',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: [message('m1'), message('m2')] })
        expect(seqs(await tailOf(store, ref, 20))).toEqual([1, 2])
        for (let n = 3; n <= 12; n++) await append(peer, ref, sized(n, megabyte))
        expect(seqs(await tailOf(store, ref, 20)), 'as many as fit').toEqual([9, 10, 11, 12])
        expect(seqs(await tailOf(store, ref, 20)), 'when asked again').toEqual([9, 10, 11, 12])
        await store.trim(ref, 12)
        await append(peer, ref, message('m13'), message('m14'))
        expect(seqs(await tailOf(store, ref, 20)), 'small again').toEqual([13, 14])
        expect(seqs(await tailOf(store, ref, 20))).toEqual([13, 14])
      },
    },
    {
      title: 'what fits to the byte is one page, and one byte more is two',
      async run({ store, peer }) {
        const exact = await heavySession(store, 4, megabyte)
        for (const order of ['asc', 'desc'] as const) {
          expect(await peer.messages(exact, { limit: 9, order })).toMatchObject({ more: false })
        }
        expect(seqs(await tailOf(peer, exact, 9))).toEqual([1, 2, 3, 4])
        const over = await freshSession(store)
        await append(store, over, ...range(3).map((n) => sized(n, megabyte)), sized(4, megabyte + 1))
        const forward = await peer.messages(over, { limit: 9 })
        const backward = await peer.messages(over, { limit: 9, order: 'desc' })
        expect([seqs(forward.messages), forward.more]).toEqual([[1, 2, 3], true])
        expect([seqs(backward.messages), backward.more]).toEqual([[4, 3, 2], true])
        expect(seqs(await tailOf(peer, over, 9))).toEqual([2, 3, 4])
      },
    },
    {
      title: 'a message larger than a page has a page of its own',
      async run({ store, peer }) {
        const huge = sized(3, maxPageBytes + megabyte)
        const ref = await freshSession(store, { messages: [message('m1'), message('m2')] })
        await append(store, ref, huge)
        expect(seqs(await tailOf(peer, ref, 5)), 'alone in a tail').toEqual([3])
        await append(store, ref, message('m4'), message('m5'))
        expect(seqs(await tailOf(peer, ref, 5)), 'not in a tail').toEqual([4, 5])
        for (const [query, expected, more] of [
          [{ limit: 9 }, [1, 2], true],
          [{ limit: 9, after: 2 }, [3], true],
          [{ limit: 9, after: 3 }, [4, 5], false],
          [{ limit: 9, order: 'desc' }, [5, 4], true],
          [{ limit: 9, order: 'desc', before: 4 }, [3], true],
          [{ limit: 9, order: 'desc', before: 3 }, [2, 1], false],
        ] as const) {
          const page = await peer.messages(ref, query)
          const asked = JSON.stringify(query)
          expect({ seqs: seqs(page.messages), more: page.more }, asked).toEqual({ seqs: [...expected], more })
        }
        const [stored] = (await peer.messages(ref, { after: 2, limit: 1 })).messages
        expect(stored?.payload === huge.payload, 'it is whole').toBe(true)
      },
    },
    {
      title: 'bytes are counted, not characters',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        // Each payload takes 600 KB in UTF-8, for 200,000 characters.
        for (const n of range(8)) await append(store, ref, message(`m${n}`, '\u6f22'.repeat(200_000)))
        expect(seqs((await peer.messages(ref, { limit: 9 })).messages)).toEqual(range(6))
        expect(seqs(await tailOf(peer, ref, 9))).toEqual(range(8, 3))
      },
    },
    {
      title: 'many tails and pages at once, of large sessions and small ones, are each as they are alone',
      async run({ store, peer }) {
        const large = await heavySession(store, 80, 60 * kilobyte)
        const small = await freshSession(store, { messages: range(40).map((n) => message(`s${n}`)) })
        const [largeTail, smallTail] = [await tailOf(store, large, 70), await tailOf(store, small, 30)]
        expect([largeTail.length, smallTail.length]).toEqual([68, 30])
        const { messages: largePage } = await store.messages(large, { limit: 100 })
        await together(12, async (n) => {
          const by = n % 2 === 0 ? store : peer
          if (n % 6 === 0) expect((await by.messages(large, { limit: 100 })).messages).toEqual(largePage)
          else if (n % 3 === 0) expect(await tailOf(by, large, 70)).toEqual(largeTail)
          else expect(await tailOf(by, small, 30)).toEqual(smallTail)
        })
      },
    },
    {
      title: 'a session of many pages is amended, appended to, trimmed and removed',
      async run({ store, peer }) {
        const ref = await heavySession(store, 90, 100 * kilobyte)
        const amendments = range(90).map((seq) => ({
          seq,
          payload: sized(seq + 1000, 90 * kilobyte).payload,
        }))
        expect(await peer.amend(ref, amendments)).toBe(90)
        expect((await allMessages(store, ref)).map(({ seq, payload }) => ({ seq, payload }))).toEqual(
          amendments,
        )
        expect((await append(peer, ref, message('late'))).messages).toMatchObject([{ seq: 91 }])
        expect(await store.trim(ref, 50)).toBe(50)
        const left = await allMessages(peer, ref)
        expect(seqs(left)).toEqual(range(91, 51))
        expect(ids(left).at(-1)).toBe('late')
        expect(bytesOf(left)).toBe(40 * 90 * kilobyte + 'payload of late'.length)
        expect(await peer.remove(ref)).toBe(true)
        expect(await store.read(ref, { tail: 5 })).toBeUndefined()
      },
    },
  ],
}
