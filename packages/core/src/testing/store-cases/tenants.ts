import { expect } from 'vitest'
import type { SessionRef } from '../../contract/session-record.js'
import type { SessionStore } from '../../contract/session-store.js'
import {
  allMessages,
  allSessions,
  append,
  expectAbsent,
  freshRef,
  ids,
  message,
  numbered,
  range,
  seqs,
  type StoreChapter,
} from '../store-case.js'
import { uglyIds } from '../ugly-texts.js'

/** Makes a session at each place, and checks that each has its own content, in one instance and the other. */
async function expectApart(
  store: SessionStore,
  peer: SessionStore,
  refs: readonly SessionRef[],
): Promise<void> {
  for (const [index, ref] of refs.entries()) {
    await store.commit(ref, {
      revision: 0,
      body: `body ${index}`,
      messages: [message('m1', `payload ${index}`)],
    })
  }
  for (const [index, ref] of refs.entries()) {
    const stored = await peer.read(ref, { tail: 2 })
    expect(stored, JSON.stringify(ref)).toMatchObject({
      record: ref,
      body: `body ${index}`,
      messages: [{ seq: 1, id: 'm1', payload: `payload ${index}` }],
    })
  }
  for (const tenantId of new Set(refs.map((ref) => ref.tenantId))) {
    const expected = refs.filter((ref) => ref.tenantId === tenantId).map(({ id }) => id)
    const listed = await allSessions(peer, { tenantId })
    expect(new Set(ids(listed)), tenantId).toEqual(new Set(expected))
    expect(listed, tenantId).toHaveLength(expected.length)
  }
  const [first, ...others] = refs
  await store.remove(first!)
  for (const ref of others) expect(await peer.read(ref), JSON.stringify(ref)).toBeDefined()
}

export const tenantCases: StoreChapter = {
  title: 'tenants and ids: nothing meets, nothing collides',
  cases: [
    {
      title: 'any two ids of a tenant are two sessions',
      async run({ store, peer }) {
        const { tenantId } = freshRef()
        await expectApart(
          store,
          peer,
          uglyIds.map((id) => ({ tenantId, id })),
        )
      },
    },
    {
      title: 'any two tenants are apart, whatever their ids match',
      async run({ store, peer }) {
        await expectApart(
          store,
          peer,
          uglyIds.map((tenantId) => ({ tenantId, id: 'session' })),
        )
      },
    },
    {
      title: 'tenant and id never run into one another',
      async run({ store, peer }) {
        const { tenantId } = freshRef()
        const joined = [
          ':',
          '/',
          '|',
          '.',
          '-',
          '_',
          '\u0000',
          '\n',
          ' ',
          '}',
          '{',
          '}:{',
          '","',
          '\\',
          '%',
          '\u001f',
        ]
        await expectApart(store, peer, [
          { tenantId: `${tenantId}1`, id: '1a' },
          { tenantId: `${tenantId}11`, id: 'a' },
          { tenantId, id: '11a' },
          ...joined.flatMap((sign) => [
            { tenantId: `${tenantId}${sign}b`, id: 'c' },
            { tenantId, id: `b${sign}c` },
          ]),
        ])
      },
    },
    {
      title: 'one id in two tenants: no method of one reaches the other',
      async run({ store, peer }) {
        const mine = freshRef('shared')
        const theirs = freshRef('shared')
        const names = { userId: 'alice', label: 'support' }
        await store.commit(mine, { revision: 0, body: 'mine', messages: numbered(3), ...names })
        await expectAbsent(peer, theirs)
        expect((await peer.list({ tenantId: theirs.tenantId, ...names, limit: 10 })).items).toEqual([])
        const before = await store.read(mine, { tail: 10 })

        await peer.commit(theirs, {
          revision: 0,
          incarnation: 'theirs',
          body: 'theirs',
          messages: numbered(2),
          ...names,
        })
        await append(peer, theirs, message('m3', 'their own'))
        await peer.commit(theirs, { revision: 1, body: 'changed', title: 'theirs' })
        expect(await peer.amend(theirs, [{ seq: 1, payload: 'amended' }])).toBe(1)
        expect(await peer.trim(theirs, 2)).toBe(2)
        expect((await peer.read(theirs))?.record.revision).toBe(2)
        expect(await store.read(mine, { tail: 10 })).toEqual(before)
        expect(seqs(await allMessages(store, mine))).toEqual([1, 2, 3])
        for (const { tenantId } of [mine, theirs]) {
          const { items } = await store.list({ tenantId, ...names, limit: 10 })
          expect(items).toMatchObject([{ tenantId, id: 'shared' }])
        }

        expect(await peer.remove(theirs)).toBe(true)
        expect(await store.read(mine, { tail: 10 })).toEqual(before)
        await expectAbsent(peer, theirs)
      },
    },
    {
      title: 'a filter matches a user id or a label as it is, never as a pattern',
      async run({ store, peer }) {
        const { tenantId } = freshRef()
        const names = [
          'a',
          'A',
          'ab',
          '*',
          '%',
          '_',
          '?',
          '[a]',
          'a ',
          'é'.normalize('NFC'),
          'é'.normalize('NFD'),
        ]
        for (const [index, name] of names.entries()) {
          await store.commit({ tenantId, id: `session ${index}` }, { revision: 0, userId: name, label: name })
        }
        for (const [index, name] of names.entries()) {
          for (const query of [{ userId: name }, { label: name }, { userId: name, label: name }]) {
            const listed = await allSessions(peer, { tenantId, ...query })
            expect(ids(listed), JSON.stringify(query)).toEqual([`session ${index}`])
          }
        }
      },
    },
    {
      title: 'any two message ids of a session are two messages',
      async run({ store, peer }) {
        const ref = freshRef()
        await store.commit(ref, { revision: 0 })
        const sent = uglyIds.map((id, index) => message(id, `payload ${index}`))
        const { messages } = await append(store, ref, ...sent)
        expect(seqs(messages)).toEqual(range(sent.length))
        const again = await append(peer, ref, ...sent)
        expect(again.messages).toEqual(messages.map((one) => ({ ...one, inserted: false })))
        expect((await allMessages(peer, ref)).map(({ id, payload }) => ({ id, payload }))).toEqual(sent)
      },
    },
  ],
}
