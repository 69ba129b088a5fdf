import { expect } from 'vitest'
import { together } from '../start-gate.js'
import {
  allMessages,
  append,
  expectRefusal,
  freshSession,
  ids,
  message,
  numbered,
  range,
  refusalOf,
  seqs,
  type StoreChapter,
} from '../store-case.js'

export const messageIdCases: StoreChapter = {
  title: 'message ids: each stored once in a session',
  cases: [
    {
      title: 'an id with the same payload again succeeds and changes nothing',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const first = await append(store, ref, ...numbered(2))
        const again = await append(peer, ref, ...numbered(2))
        expect(again.messages).toEqual(first.messages.map((sent) => ({ ...sent, inserted: false })))
        expect(again.record).toMatchObject({ revision: 1, lastSeq: 2 })
        expect(seqs(await allMessages(store, ref))).toEqual([1, 2])
      },
    },
    {
      title: 'an id with another payload is a conflict that names it',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(2) })
        await expectRefusal(append(peer, ref, message('m2', 'another')), 'conflict', { messageId: 'm2' })
        expect((await store.read(ref, { tail: 1 }))?.messages).toMatchObject([{ payload: 'payload of m2' }])
      },
    },
    {
      title: 'known and new ids mix in one commit, the new ones at dense seq',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(2) })
        const sent = [message('m3'), message('m1'), message('m4'), message('m2')]
        const { messages } = await append(peer, ref, ...sent)
        expect(seqs(messages)).toEqual([3, 1, 4, 2])
        expect(messages.map(({ inserted }) => inserted)).toEqual([true, false, true, false])
        expect(ids(await allMessages(store, ref))).toEqual(['m1', 'm2', 'm3', 'm4'])
      },
    },
    {
      title: 'an id twice in one commit is stored once',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const { messages, record } = await append(store, ref, message('m1'), message('m2'), message('m1'))
        expect(messages).toMatchObject([
          { id: 'm1', seq: 1, inserted: true },
          { id: 'm2', seq: 2, inserted: true },
          { id: 'm1', seq: 1, inserted: false },
        ])
        expect(record.lastSeq).toBe(2)
        expect(ids(await allMessages(peer, ref))).toEqual(['m1', 'm2'])
      },
    },
    {
      title: 'an id twice in one commit with two payloads is a conflict, and nothing is stored',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const sent = [message('m1'), message('m2', 'one'), message('m2', 'two')]
        await expectRefusal(append(store, ref, ...sent), 'conflict', { messageId: 'm2' })
        expect(await allMessages(peer, ref)).toEqual([])
      },
    },
    {
      title: 'one id in two sessions is two messages',
      async run({ store }) {
        const first = await freshSession(store)
        const second = { ...first, id: 'second' }
        await store.commit(second, { revision: 0 })
        await append(store, first, message('m1', 'of the first'))
        await append(store, second, message('m1', 'of the second'))
        expect((await store.read(first, { tail: 2 }))?.messages).toMatchObject([{ payload: 'of the first' }])
        expect((await store.read(second, { tail: 2 }))?.messages).toMatchObject([
          { payload: 'of the second' },
        ])
      },
    },
    {
      title: '50 commits of one id at once store it once, and one of them says so',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const commits = await together(50, (n) => append(n % 2 === 0 ? store : peer, ref, message('m1')))
        expect(commits.filter(({ messages }) => messages[0]!.inserted)).toHaveLength(1)
        expect(commits.every(({ messages }) => messages[0]!.seq === 1)).toBe(true)
        expect(seqs(await allMessages(store, ref))).toEqual([1])
      },
    },
    {
      title: '20 payloads for one id at once: one is stored, 19 are conflicts',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const outcomes = await together(20, (n) =>
          refusalOf(append(n % 2 === 0 ? store : peer, ref, message('m1', `payload ${n}`))),
        )
        const winner = outcomes.indexOf(undefined)
        const others = outcomes.filter((_, n) => n !== winner)
        expect(others).toEqual(range(19).map(() => ({ code: 'conflict', messageId: 'm1' })))
        expect((await allMessages(store, ref)).map(({ payload }) => payload)).toEqual([`payload ${winner}`])
      },
    },
    {
      title: 'a repeated batch that got longer adds what is new',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        await together(10, (n) => append(n % 2 === 0 ? store : peer, ref, ...numbered(n + 1)))
        expect(ids(await allMessages(store, ref))).toEqual(ids(numbered(10)))
        expect(seqs(await allMessages(store, ref))).toEqual(range(10))
      },
    },
    {
      title: 'an id is compared with the payload as it was amended',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: [message('m1', 'secret')] })
        await store.amend(ref, [{ seq: 1, payload: 'redacted' }])
        await expectRefusal(append(peer, ref, message('m1', 'secret')), 'conflict', { messageId: 'm1' })
        expect((await append(peer, ref, message('m1', 'redacted'))).messages).toMatchObject([
          { inserted: false },
        ])
      },
    },
    {
      title: 'ids of trimmed messages are forgotten',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(3) })
        await store.trim(ref, 2)
        const { messages } = await append(peer, ref, message('m1', 'another'), message('m3'))
        expect(messages).toMatchObject([
          { id: 'm1', seq: 4, inserted: true },
          { id: 'm3', seq: 3, inserted: false },
        ])
      },
    },
  ],
}
