import { expect } from 'vitest'
import { together } from '../start-gate.js'
import {
  append,
  bytesOf,
  expectRefusal,
  freshRef,
  freshSession,
  message,
  numbered,
  type StoreChapter,
} from '../store-case.js'
import { isSessionError } from '../../errors.js'

// Characters of one to four bytes in UTF-8, and a payload so large that stores keep it apart from the record.
const texts = ['', 'plain', 'Grüße', '二台の電話', '🧭 and 🛰', 'x'.repeat(20_000)]

export const roomCases: StoreChapter = {
  title: 'room: what the messages take, and how far the log may go',
  cases: [
    {
      title: 'bytes are those of the payloads in UTF-8, of new messages alone',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        expect((await peer.read(ref))?.record.bytes).toBe(0)
        let bytes = 0
        for (const [index, text] of texts.entries()) {
          bytes += Buffer.byteLength(text)
          const { record } = await append(index % 2 === 0 ? store : peer, ref, message(`m${index}`, text))
          expect(record.bytes, text.slice(0, 20)).toBe(bytes)
        }
        const known = texts.map((text, index) => message(`m${index}`, text))
        await append(peer, ref, ...known, message('new', '1234'))
        expect((await store.read(ref))?.record.bytes).toBe(bytes + 4)
        const created = await store.commit(freshRef(), { revision: 0, messages: known })
        expect(created.record.bytes).toBe(bytes)
        const [listed] = (await peer.list({ tenantId: ref.tenantId, limit: 1 })).items
        expect(listed?.bytes).toBe(bytes + 4)
      },
    },
    {
      title: 'bytes follow an amend and a trim, of one message and of many',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(5) })
        const stored = async () => (await peer.messages(ref, { limit: 10 })).messages
        const expectBytes = async () =>
          expect((await store.read(ref))?.record.bytes).toBe(bytesOf(await stored()))
        await peer.amend(ref, [{ seq: 1, payload: 'Grüße, and more of it than there was before' }])
        await expectBytes()
        await store.amend(ref, [
          { seq: 2, payload: '' },
          { seq: 3, payload: '🧭' },
          { seq: 9, payload: 'nothing is here' },
        ])
        await expectBytes()
        await peer.trim(ref, 2)
        await expectBytes()
        await store.trim(ref, 9)
        expect((await peer.read(ref))?.record.bytes).toBe(0)
        await append(store, ref, message('last', 'four'))
        expect((await peer.read(ref))?.record.bytes).toBe(4)
      },
    },
    {
      title: 'bytes are right after amends of one message at once',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(3) })
        await together(20, (n) =>
          (n % 2 === 0 ? store : peer).amend(ref, [{ seq: 2, payload: 'x'.repeat(n * 7) }]),
        )
        const { messages } = await store.messages(ref, { limit: 10 })
        expect((await peer.read(ref))?.record.bytes).toBe(bytesOf(messages))
      },
    },
    {
      title: 'past maxSeq or maxBytes a commit is refused, and changes nothing',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(3) })
        const before = await store.read(ref, { tail: 9 })
        const { bytes } = before!.record
        const more = [message('a', '12'), message('b', '34')]
        for (const rest of [{}, { revision: 1, body: 'two' }, { title: 'Phones' }]) {
          await expectRefusal(peer.commit(ref, { ...rest, messages: more, maxSeq: 4 }), 'limit_reached')
          await expectRefusal(peer.commit(ref, { ...rest, messages: more, maxBytes: bytes + 3 }), 'too_large')
          await expectRefusal(peer.commit(ref, { ...rest, messages: [more[0]!], maxSeq: 3 }), 'limit_reached')
          await expectRefusal(
            peer.commit(ref, { ...rest, messages: [more[0]!], maxBytes: bytes + 1 }),
            'too_large',
          )
        }
        expect(await store.read(ref, { tail: 9 })).toEqual(before)
        const { record } = await peer.commit(ref, { messages: more, maxSeq: 5, maxBytes: bytes + 4 })
        expect(record).toMatchObject({ lastSeq: 5, bytes: bytes + 4 })
      },
    },
    {
      title: 'what is there already needs no room, nor does what is no message',
      async run({ store, peer }) {
        const ref = await freshSession(store, { messages: numbered(3) })
        const { bytes } = (await store.read(ref))!.record
        const full = { maxSeq: 2, maxBytes: 1 }
        const again = await peer.commit(ref, { ...full, messages: numbered(3) })
        expect(again.messages.map(({ inserted }) => inserted)).toEqual([false, false, false])
        await peer.commit(ref, { ...full, revision: 1, body: 'two' })
        await peer.commit(ref, { ...full, title: 'Phones' })
        const one = { messages: [...numbered(3), message('new', '1')], maxSeq: 4, maxBytes: bytes + 1 }
        expect((await peer.commit(ref, one)).record.lastSeq).toBe(4)
        const other = { ...full, messages: [message('m1', 'other')] }
        await expectRefusal(store.commit(ref, other), 'conflict', { messageId: 'm1' })
      },
    },
    {
      title: 'a create past maxSeq or maxBytes makes no session',
      async run({ store, peer }) {
        const ref = freshRef()
        const first = { revision: 0, messages: numbered(3) }
        await expectRefusal(store.commit(ref, { ...first, maxSeq: 2 }), 'limit_reached')
        await expectRefusal(store.commit(ref, { ...first, maxBytes: 10 }), 'too_large')
        expect(await peer.read(ref)).toBeUndefined()
        await store.commit(ref, { ...first, maxSeq: 3 })
        expect((await peer.read(ref, { tail: 9 }))?.messages).toHaveLength(3)
      },
    },
    {
      title: 'of 40 appends at once as many get in as there is room, by both instances',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const outcomes = await together(40, async (n) => {
          const change = { messages: [message(`m${n}`, '12345')], maxSeq: 30, maxBytes: 60 }
          return (n % 2 === 0 ? store : peer).commit(ref, change).then(
            () => 'in',
            (error: unknown) => (isSessionError(error) ? error.code : String(error)),
          )
        })
        expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(12)
        expect(outcomes.filter((outcome) => outcome === 'too_large')).toHaveLength(28)
        expect((await peer.read(ref))?.record).toMatchObject({ lastSeq: 12, bytes: 60 })
      },
    },
  ],
}
