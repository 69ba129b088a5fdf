import { expect } from 'vitest'
import { together } from '../start-gate.js'
import {
  append,
  expectRefusal,
  freshRef,
  freshSession,
  message,
  numbered,
  type StoreChapter,
} from '../store-case.js'

export const ownerCases: StoreChapter = {
  title: 'owners: a change that asks for one is for no other session',
  cases: [
    {
      title: 'the session of that user is changed, by append and by body',
      async run({ store, peer }) {
        const ref = await freshSession(store, { userId: 'alice' })
        await peer.commit(ref, { ownedBy: 'alice', messages: numbered(1) })
        await peer.commit(ref, { ownedBy: 'alice', revision: 1, body: 'two' })
        expect(await store.read(ref)).toMatchObject({ body: 'two', record: { lastSeq: 1, userId: 'alice' } })
      },
    },
    {
      title: "another user's session, and one of nobody, is not_found and stays as it is",
      async run({ store, peer }) {
        const owners = [{ userId: 'bob' }, { userId: 'alic' }, { userId: 'alice ' }, { userId: 'Alice' }, {}]
        for (const owner of owners) {
          const ref = await freshSession(store, { ...owner, body: 'one', messages: numbered(1) })
          const before = await store.read(ref, { tail: 1 })
          for (const change of [
            { messages: [message('m2')] },
            { messages: numbered(1) },
            { messages: [message('m1', 'other')] },
            { revision: 1, body: 'two' },
            { revision: 9, body: 'two' },
            { userId: 'alice' },
            { idleMs: 0 },
          ]) {
            await expectRefusal(peer.commit(ref, { ownedBy: 'alice', ...change }), 'not_found')
          }
          expect(await store.read(ref, { tail: 1 })).toEqual(before)
        }
      },
    },
    {
      title: 'nobody, as the empty text, owns no session',
      async run({ store, peer }) {
        for (const names of [{}, { userId: 'alice' }]) {
          const ref = await freshSession(store, names)
          await expectRefusal(peer.commit(ref, { ownedBy: '', messages: numbered(1) }), 'not_found')
        }
      },
    },
    {
      title: 'a session that is not there is not_found',
      async run({ store }) {
        await expectRefusal(
          store.commit(freshRef(), { ownedBy: 'alice', messages: numbered(1) }),
          'not_found',
        )
      },
    },
    {
      title: 'the owner is asked for before the change names another',
      async run({ store, peer }) {
        const ref = await freshSession(store, { userId: 'alice' })
        await peer.commit(ref, { ownedBy: 'alice', userId: 'bob' })
        await expectRefusal(store.commit(ref, { ownedBy: 'alice', messages: numbered(1) }), 'not_found')
        await store.commit(ref, { ownedBy: 'bob', messages: numbered(1) })
      },
    },
    {
      title: 'a session that is given away while its user appends, 20 rounds: what was taken came before',
      async run({ store, peer }) {
        for (let round = 0; round < 20; round++) {
          const ref = await freshSession(store, { userId: 'alice' })
          const outcomes = await together(6, async (n) => {
            if (n === 0) return void (await peer.commit(ref, { userId: 'bob' }))
            const change = { ownedBy: 'alice', messages: [message(`m${n}`)] }
            return (n % 2 === 0 ? store : peer).commit(ref, change).then(
              ({ record }) => record,
              () => undefined,
            )
          })
          const taken = outcomes.filter((record) => record !== undefined)
          expect(taken.every(({ userId }) => userId === 'alice')).toBe(true)
          expect((await store.read(ref))?.record).toMatchObject({ lastSeq: taken.length, userId: 'bob' })
        }
      },
    },
    {
      title: 'a create that asks for an owner is invalid, and nothing is stored',
      async run({ store, peer }) {
        const ref = freshRef()
        await expectRefusal(store.commit(ref, { revision: 0, ownedBy: 'alice', userId: 'alice' }), 'invalid')
        expect(await peer.read(ref)).toBeUndefined()
        await expectRefusal(append(peer, ref, message('m1')), 'not_found')
      },
    },
  ],
}
