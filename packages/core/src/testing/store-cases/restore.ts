import { expect } from 'vitest'
import { newId } from '../../ids.js'
import { together } from '../start-gate.js'
import {
  allMessages,
  allSessions,
  append,
  expectAbsent,
  expectRefusal,
  expectUnseen,
  freshRef,
  freshSession,
  ids,
  message,
  numbered,
  range,
  refusalOf,
  seqs,
  type StoreChapter,
} from '../store-case.js'
import { copyOf, expectCopy, log, partsOf, restoreOrNewer, then } from '../store-copy.js'
import { uglyIds, uglyTexts } from '../ugly-texts.js'

export const restoreCases: StoreChapter = {
  title: 'restore: a session as it is elsewhere',
  cases: [
    {
      title: 'puts record, body and messages with their counts and times, for the other instance to read',
      async run({ store, peer }) {
        const ref = freshRef()
        const names = { userId: 'alice', label: 'support', title: 'Phones', expiresAt: Date.UTC(2100, 0) }
        const copy = copyOf(ref, names)
        await store.restore(ref, copy)
        await expectCopy(peer, ref, copy)
      },
    },
    {
      title: 'puts a session without messages, body, names and deadline',
      async run({ store, peer }) {
        const ref = freshRef()
        const copy = { ...copyOf(ref, { lastSeq: 0 }), body: '', messages: [] }
        await store.restore(ref, copy)
        await expectCopy(peer, ref, copy)
      },
    },
    {
      title: 'what read gives is a copy: amended, trimmed and moved to another place it is the same',
      async run({ store, peer }) {
        const from = await freshSession(store, { body: 'one', messages: numbered(6), idleMs: 60_000 })
        await peer.amend(from, [{ seq: 4, payload: 'amended' }])
        await peer.trim(from, 2)
        const copy = (await store.read(from, { tail: 10 }))!
        const to = freshRef()
        await peer.restore(to, copy)
        await expectCopy(store, to, copy)
        expect(await store.read(from, { tail: 10 }), 'the session it is a copy of').toEqual(copy)
      },
    },
    {
      title: 'the session goes on where it was: seq, revision, changes, incarnation, ids',
      async run({ store, peer }) {
        const ref = freshRef()
        await store.restore(ref, copyOf(ref))
        const { incarnation } = copyOf(ref).record
        await expectRefusal(peer.commit(ref, { revision: 2, body: 'late' }), 'conflict', { revision: 3 })
        await expectRefusal(peer.commit(ref, { revision: 0 }), 'conflict', { revision: 3 })
        await expectRefusal(
          peer.commit(ref, { incarnation: 'another', messages: [message('m6')] }),
          'not_found',
        )
        await expectRefusal(append(peer, ref, message('m2', 'other')), 'conflict', { messageId: 'm2' })
        const known = await append(store, ref, message('m2'))
        expect(known.messages).toEqual([{ id: 'm2', seq: 2, at: then + 2000, inserted: false }])
        const { record, messages } = await peer.commit(ref, {
          revision: 3,
          incarnation,
          body: 'two',
          messages: [message('m6')],
        })
        expect(record).toMatchObject({ revision: 4, changes: 12, lastSeq: 6, createdAt: then, incarnation })
        expect(record.updatedAt).toBeGreaterThan(then + 9000)
        expect(seqs(messages)).toEqual([6])
        expect(ids(await allMessages(peer, ref))).toEqual(range(6).map((n) => `m${n}`))
      },
    },
    {
      title: 'is listed at its own activity, for its user and label',
      async run({ store, peer }) {
        const { tenantId } = freshRef()
        const names = { userId: 'alice', label: 'support' }
        await store.commit({ tenantId, id: 'new' }, { revision: 0, ...names })
        for (const [index, id] of ['b', 'c', 'a'].entries()) {
          const ref = { tenantId, id }
          await peer.restore(ref, copyOf(ref, { ...names, activeAt: then + index * 60_000 }))
        }
        for (const query of [{}, { userId: 'alice' }, { label: 'support' }, names]) {
          expect(ids(await allSessions(store, { tenantId, ...query }, 2))).toEqual(['new', 'a', 'c', 'b'])
        }
        expect(await allSessions(store, { tenantId, userId: 'bob' })).toEqual([])
      },
    },
    {
      title: 'a log in parts, from two instances in turn: nothing is visible before the last one',
      async run({ store, peer }) {
        const ref = freshRef()
        const copy = copyOf(ref, { userId: 'alice' })
        const parts = partsOf(copy, 2)
        expect(parts).toHaveLength(3)
        for (const [index, part] of parts.entries()) {
          // This check does not remove the session: a removal takes along the parts of a copy that was begun.
          await expectUnseen(peer, ref)
          await (index % 2 === 0 ? store : peer).restore(ref, part)
        }
        await expectCopy(peer, ref, copy)
      },
    },
    {
      title: 'the same part again is as good as once, and so is the whole copy',
      async run({ store, peer }) {
        const ref = freshRef()
        const copy = copyOf(ref)
        const [first, second, third] = partsOf(copy, 2)
        for (const part of [first, first, second, first, second, third]) await store.restore(ref, part!)
        await expectCopy(peer, ref, copy)
        for (const part of [copy, third, first, second, third]) await peer.restore(ref, part!)
        await expectCopy(store, ref, copy)
      },
    },
    {
      title: 'of a log in parts, record and body of the last one count: what a log takes is known at its end',
      async run({ store, peer }) {
        const ref = freshRef()
        const copy = copyOf(ref, { userId: 'alice', title: 'Phones' })
        const [last, ...parts] = partsOf(copy, 2).toReversed()
        const early = copyOf(ref, { bytes: 0, updatedAt: then, userId: 'bob', title: 'None', label: 'early' })
        for (const part of parts.toReversed())
          await store.restore(ref, { ...part, record: early.record, body: 'early' })
        await peer.restore(ref, last!)
        await expectCopy(store, ref, copy)
      },
    },
    {
      title: 'a copy that says too few bytes for its messages is amended, trimmed, appended to and listed',
      async run({ store, peer }) {
        for (const change of ['amend', 'trim'] as const) {
          const ref = freshRef()
          await store.restore(ref, copyOf(ref, { bytes: 3 }))
          if (change === 'amend') expect(await peer.amend(ref, [{ seq: 1, payload: '1' }])).toBe(1)
          else expect(await peer.trim(ref, 4)).toBe(4)
          expect((await store.read(ref))?.record.bytes, change).toBeGreaterThanOrEqual(0)
          expect((await append(peer, ref, message('m6'))).record.bytes, change).toBeGreaterThan(0)
          expect(ids(await allSessions(store, { tenantId: ref.tenantId })), change).toContain(ref.id)
        }
      },
    },
    {
      title: 'a part that does not go on where the one before ended is a conflict, and nothing comes of it',
      async run({ store, peer }) {
        const ref = freshRef()
        const copy = copyOf(ref)
        const [first, second, third] = partsOf(copy, 2)
        await expectRefusal(store.restore(ref, second!), 'conflict')
        await store.restore(ref, first!)
        await expectRefusal(peer.restore(ref, third!), 'conflict')
        await expectAbsent(store, ref)
        for (const part of [first, second, third]) await peer.restore(ref, part!)
        await expectCopy(store, ref, copy)
      },
    },
    {
      title: 'a copy of another state begins anew, whatever was begun',
      async run({ store, peer }) {
        const ref = freshRef()
        const older = copyOf(ref)
        const newer = {
          ...copyOf(ref, { changes: 11 }),
          messages: log(5).map((stored) => ({ ...stored, payload: 'newer' })),
        }
        await store.restore(ref, partsOf(older, 2)[0]!)
        await expectRefusal(peer.restore(ref, partsOf(newer, 2)[1]!), 'conflict')
        for (const part of partsOf(newer, 2)) await peer.restore(ref, part)
        await expectCopy(store, ref, newer)
      },
    },
    {
      title: 'a newer copy takes the place of an older one of the same incarnation, all of it',
      async run({ store, peer }) {
        const ref = freshRef()
        await store.restore(ref, copyOf(ref, { userId: 'alice', label: 'support', title: 'Phones' }))
        const newer = {
          record: {
            ...copyOf(ref).record,
            changes: 12,
            revision: 4,
            lastSeq: 7,
            trimmedSeq: 4,
            userId: 'bob',
          },
          body: 'newer',
          messages: log(7, 5).map((stored) => ({ ...stored, payload: 'newer' })),
        }
        await peer.restore(ref, newer)
        await expectCopy(store, ref, newer)
        expect(await allSessions(peer, { tenantId: ref.tenantId, userId: 'alice' })).toEqual([])
        expect(await allSessions(peer, { tenantId: ref.tenantId, label: 'support' })).toEqual([])
        expect(ids(await allSessions(peer, { tenantId: ref.tenantId, userId: 'bob' }))).toEqual([ref.id])
        expect(
          (await append(store, ref, message('m1'))).messages[0],
          'an id that was trimmed away',
        ).toMatchObject({
          seq: 8,
          inserted: true,
        })
      },
    },
    {
      title: 'a newer session, or another incarnation, is a conflict and stays as it is',
      async run({ store, peer }) {
        const ref = freshRef()
        await store.restore(ref, copyOf(ref))
        for (const changed of [{ changes: 9 }, { incarnation: 'another', changes: 99 }]) {
          await expectRefusal(peer.restore(ref, { ...copyOf(ref, changed), body: 'late' }), 'conflict', {
            revision: 3,
          })
        }
        await expectCopy(store, ref, copyOf(ref))
      },
    },
    {
      title: 'a change while parts arrive is kept: the last part is a conflict',
      async run({ store, peer }) {
        const ref = freshRef()
        const older = { ...copyOf(ref, { changes: 9, lastSeq: 3 }), messages: log(3) }
        await store.restore(ref, older)
        const [first, second, third] = partsOf(copyOf(ref), 2)
        await peer.restore(ref, first!)
        await expectCopy(store, ref, older)
        await append(store, ref, message('own 1'))
        await append(store, ref, message('own 2'))
        expect(
          [await refusalOf(peer.restore(ref, second!)), await refusalOf(peer.restore(ref, third!))].at(-1),
        ).toMatchObject({
          code: 'conflict',
        })
        expect(ids(await allMessages(peer, ref))).toEqual(['m1', 'm2', 'm3', 'own 1', 'own 2'])
      },
    },
    {
      title: 'a removal takes what was begun along, and a later part is a conflict',
      async run({ store, peer }) {
        for (const isThere of [true, false]) {
          const ref = freshRef()
          const newer = { ...copyOf(ref, { changes: 11, lastSeq: 7 }), messages: log(7) }
          if (isThere) await store.restore(ref, copyOf(ref))
          const [first, second, last] = partsOf(newer, 3)
          await store.restore(ref, first!)
          expect(await peer.remove(ref, { incarnation: 'another' })).toBe(false)
          await peer.restore(ref, second!)
          const { incarnation } = newer.record
          expect(await peer.remove(ref, isThere ? { incarnation } : {})).toBe(isThere)
          await expectRefusal(store.restore(ref, last!), 'conflict')
          await expectAbsent(peer, ref)
        }
      },
    },
    {
      title: 'takes the place of a session that was removed or has expired',
      async run({ store, peer }) {
        const gone = [
          await freshSession(store, { messages: numbered(2) }),
          await freshSession(store, { messages: numbered(2), idleMs: 0 }),
        ]
        await store.remove(gone[0]!)
        for (const ref of gone) {
          await peer.restore(ref, copyOf(ref))
          await expectCopy(store, ref, copyOf(ref))
        }
      },
    },
    {
      title: 'a copy whose deadline has come is absent at once',
      async run({ store, peer }) {
        const ref = freshRef()
        await store.restore(ref, copyOf(ref, { expiresAt: then + 60_000 }))
        await expectAbsent(peer, ref)
        expect((await store.commit(ref, { revision: 0 })).record.changes).toBe(1)
      },
    },
    {
      title: 'copies at once, 10 rounds: the newest one stays, and no reader ever sees half of one',
      async run({ store, peer }) {
        for (let round = 0; round < 10; round++) {
          const ref = freshRef()
          const copies = range(6).map((changes) => ({
            record: { ...copyOf(ref).record, changes, lastSeq: changes },
            body: `body ${changes}`,
            messages: log(changes).map((stored) => ({ ...stored, payload: `payload ${changes}` })),
          }))
          await together(12, async (n) => {
            const via = n % 2 === 0 ? store : peer
            if (n < 6) return restoreOrNewer(via, ref, copies[n]!)
            const seen = await via.read(ref, { tail: 100 })
            if (seen === undefined) return
            const { changes } = seen.record
            expect(seen).toEqual(copies[changes - 1])
          })
          await expectCopy(peer, ref, copies[5]!)
        }
      },
    },
    {
      title: 'whatever the texts and ids are, they come out as they went in',
      async run({ store, peer }) {
        const texts = Object.values(uglyTexts)
        const { tenantId } = freshRef()
        for (const [index, id] of uglyIds.entries()) {
          const ref = { tenantId, id: `${id}${index}` }
          const text = texts[index % texts.length]!
          const messages = [...uglyIds.slice(0, 3), newId()].map((messageId, at) => ({
            seq: at + 1,
            id: messageId,
            at: then,
            payload: text,
          }))
          const copy = {
            ...copyOf(ref, { lastSeq: 4, incarnation: `${id}!`, userId: `${id}?`, title: text || 'none' }),
            body: text,
            messages,
          }
          await store.restore(ref, { ...copy, messages: messages.slice(0, 2), more: true })
          await store.restore(ref, { ...copy, messages: messages.slice(2) })
          const record = { ...copy.record, ...ref }
          expect(await peer.read(ref, { tail: 9 })).toEqual({ record, body: text, messages })
        }
        expect(await allSessions(peer, { tenantId })).toHaveLength(uglyIds.length)
      },
    },
    {
      title: "one tenant's begun copy is nothing to another tenant",
      async run({ store, peer }) {
        const [one, other] = [freshRef('same'), freshRef('same')]
        const [first, second, third] = partsOf(copyOf(one), 2)
        await store.restore(one, first!)
        await expectRefusal(peer.restore(other, second!), 'conflict')
        await expectAbsent(peer, other)
        for (const part of [second, third]) await store.restore(one, part!)
        await expectAbsent(peer, other)
      },
    },
    {
      title: 'what is no copy is invalid, and nothing is stored',
      async run({ store, peer }) {
        const ref = freshRef()
        const whole = copyOf(ref)
        for (const copy of [
          { ...whole, messages: log(4) },
          { ...whole, messages: log(6) },
          { ...whole, messages: [...log(2), ...log(5, 4)] },
          { ...whole, messages: log(5).toReversed() },
          { ...whole, messages: [...log(4), { ...log(5, 5)[0]!, id: 'm1' }] },
          copyOf(ref, { changes: 0 }),
          copyOf(ref, { revision: 0.5 }),
          copyOf(ref, { createdAt: Number.NaN }),
          copyOf(ref, { trimmedSeq: 6 }),
          copyOf(ref, { trimmedSeq: 2 }),
        ]) {
          await expectRefusal(store.restore(ref, copy), 'invalid')
        }
        const [first, second] = partsOf(copyOf(ref), 4)
        await store.restore(ref, first!)
        const twice = { ...second!, messages: second!.messages.map((stored) => ({ ...stored, id: 'm1' })) }
        await expectRefusal(peer.restore(ref, twice), 'invalid')
        await expectAbsent(peer, ref)
      },
    },
  ],
}
