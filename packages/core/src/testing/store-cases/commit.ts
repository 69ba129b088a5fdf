import { expect } from 'vitest'
import { together } from '../start-gate.js'
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

export const commitCases: StoreChapter = {
  title: 'commit: all or nothing, seq dense',
  cases: [
    {
      title: 'creates a session with body, messages and names, for the other instance to read',
      async run({ store, peer }) {
        const ref = freshRef()
        const names = { userId: 'alice', label: 'support', title: 'Phones' }
        const { record, messages } = await store.commit(ref, {
          revision: 0,
          incarnation: 'first',
          body: '{"a":1}',
          messages: numbered(2),
          ...names,
        })
        const { createdAt } = record
        expect(record).toEqual({
          ...ref,
          incarnation: 'first',
          revision: 1,
          changes: 1,
          lastSeq: 2,
          trimmedSeq: 0,
          bytes: 26,
          createdAt,
          updatedAt: createdAt,
          activeAt: createdAt,
          ...names,
        })
        expect(messages).toEqual([
          { id: 'm1', seq: 1, at: createdAt, inserted: true },
          { id: 'm2', seq: 2, at: createdAt, inserted: true },
        ])
        expect(await peer.read(ref, { tail: 10 })).toEqual({
          record,
          body: '{"a":1}',
          messages: numbered(2).map(({ id, payload }, index) => ({
            seq: index + 1,
            id,
            at: createdAt,
            payload,
          })),
        })
      },
    },
    {
      title: 'creates with an empty body, no messages, no names, no deadline and an incarnation of its own',
      async run({ store, peer }) {
        const ref = freshRef()
        const { record, messages } = await store.commit(ref, { revision: 0 })
        expect(messages).toEqual([])
        expect(record).toMatchObject({ revision: 1, lastSeq: 0, trimmedSeq: 0 })
        expect(record.incarnation).not.toBe('')
        for (const name of ['expiresAt', 'userId', 'label', 'title'] as const) {
          expect(record[name], name).toBeUndefined()
        }
        expect(await peer.read(ref)).toMatchObject({ record, body: '', messages: [] })
      },
    },
    {
      title: 'appends at the next seq, whichever instance writes',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        await append(store, ref, ...numbered(2))
        const { messages, record } = await append(peer, ref, ...numbered(2, 3))
        expect(seqs(messages)).toEqual([3, 4])
        expect(record.lastSeq).toBe(4)
        expect(seqs(await allMessages(store, ref))).toEqual(range(4))
      },
    },
    {
      title: 'keeps 50 appends of two instances at once, seq 1 to 50',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const commits = await together(50, (n) => append(n % 2 === 0 ? store : peer, ref, message(`m${n}`)))
        const all = await allMessages(peer, ref)
        expect(seqs(all)).toEqual(range(50))
        expect(new Set(all.map(({ id }) => id)).size).toBe(50)
        const said = commits.map(({ messages }) => messages[0]!)
        expect(said.every(({ id, seq }) => all[seq - 1]?.id === id)).toBe(true)
        expect((await store.read(ref))?.record.lastSeq).toBe(50)
      },
    },
    {
      title: 'keeps the messages of one commit next to each other',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        await together(10, (n) => append(n % 2 === 0 ? store : peer, ref, ...numbered(5, n * 5)))
        const all = await allMessages(store, ref)
        expect(seqs(all)).toEqual(range(50))
        const starts = range(10).map((n) => Number(all[(n - 1) * 5]!.id.slice(1)))
        expect(all.map(({ id }) => id)).toEqual(
          starts.flatMap((first) => numbered(5, first).map(({ id }) => id)),
        )
      },
    },
    {
      title: 'changes body, messages and names of a session together',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', title: 'before' })
        const { record } = await store.commit(ref, {
          revision: 1,
          body: 'two',
          messages: numbered(1),
          title: 'after',
        })
        expect(record).toMatchObject({ revision: 2, lastSeq: 1, title: 'after' })
        expect(await peer.read(ref, { tail: 1 })).toMatchObject({
          record,
          body: 'two',
          messages: [{ id: 'm1' }],
        })
      },
    },
    {
      title: 'changes nothing when the body is refused',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(1), title: 'before' })
        const before = await store.read(ref, { tail: 10 })
        const change = { revision: 7, body: 'two', messages: [message('m2')], title: 'after', idleMs: 0 }
        await expectRefusal(store.commit(ref, change), 'conflict', { revision: 1 })
        expect(await peer.read(ref, { tail: 10 })).toEqual(before)
      },
    },
    {
      title: 'changes nothing when the last of its messages is refused',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(1), title: 'before' })
        const before = await store.read(ref, { tail: 10 })
        const messages = [message('m2'), message('m3'), message('m1', 'another')]
        const change = { revision: 1, body: 'two', messages, title: 'after', idleMs: 0 }
        await expectRefusal(store.commit(ref, change), 'conflict', { messageId: 'm1' })
        expect(await peer.read(ref, { tail: 10 })).toEqual(before)
        expect(seqs((await append(store, ref, message('m4'))).messages), 'no gap is left').toEqual([2])
      },
    },
    {
      title: 'creates nothing when a message of the first commit is refused',
      async run({ store, peer }) {
        const ref = freshRef()
        const messages = [message('m1', 'one'), message('m1', 'another')]
        await expectRefusal(store.commit(ref, { revision: 0, messages }), 'conflict', { messageId: 'm1' })
        expect(await peer.read(ref)).toBeUndefined()
      },
    },
    {
      title: 'refuses first what is absent, then the revision, then a message id',
      async run({ store }) {
        const ref = await freshSession(store, { incarnation: 'this', messages: numbered(1) })
        const bad = { revision: 9, messages: [message('m1', 'another')] }
        await expectRefusal(store.commit(ref, { ...bad, incarnation: 'that' }), 'not_found')
        await expectRefusal(store.commit(ref, { ...bad, incarnation: 'this' }), 'conflict', { revision: 1 })
        await expectRefusal(store.commit(ref, { ...bad, revision: 1 }), 'conflict', { messageId: 'm1' })
      },
    },
    {
      title: 'refuses a body without the revision it replaces',
      async run({ store }) {
        const ref = await freshSession(store, { body: 'one' })
        await expectRefusal(store.commit(ref, { body: 'two' }), 'invalid')
        expect((await store.read(ref))?.body).toBe('one')
      },
    },
    {
      title: 'leaves names that a change does not mention, and removes those it empties',
      async run({ store, peer }) {
        const ref = await freshSession(store, { userId: 'alice', label: 'support', title: 'Phones' })
        await store.commit(ref, { label: 'sales' })
        expect((await peer.read(ref))?.record).toMatchObject({
          userId: 'alice',
          label: 'sales',
          title: 'Phones',
        })
        const { record } = await store.commit(ref, { userId: '', label: '', title: '' })
        const stored = await peer.read(ref)
        for (const name of ['userId', 'label', 'title'] as const) {
          expect(record[name], name).toBeUndefined()
          expect(stored?.record[name], name).toBeUndefined()
        }
      },
    },
    {
      title: 'moves updatedAt, and only then',
      async run({ store }) {
        const ref = await freshSession(store)
        const created = (await store.read(ref))!.record
        const { record } = await store.commit(ref, {})
        expect(record).toEqual({ ...created, changes: 2, updatedAt: record.updatedAt })
        expect(record.updatedAt).toBeGreaterThanOrEqual(created.updatedAt)
        expect((await store.read(ref))?.record).toEqual(record)
      },
    },
  ],
}
