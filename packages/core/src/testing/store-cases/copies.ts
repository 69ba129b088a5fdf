import { expect } from 'vitest'
import type { NewMessage, SessionChange } from '../../contract/session-store.js'
import { append, freshRef, freshSession, message, numbered, type StoreChapter } from '../store-case.js'

/** Overwrites every field of an object that a store gave; a frozen object stays as it is. */
function vandalise(value: object): void {
  for (const key of Object.keys(value)) {
    const inner: unknown = Reflect.get(value, key)
    if (typeof inner === 'object' && inner !== null) vandalise(inner)
    else Reflect.set(value, key, typeof inner === 'number' ? -1 : 'vandalised')
  }
  if (Array.isArray(value)) Reflect.set(value, 'length', 0)
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  return Object.freeze(value)
}

const names = { userId: 'alice', label: 'support', title: 'Phones' }
const lifetime = { idleMs: 3_600_000 }

/** Names, and a lifetime that nobody shares. */
const terms = () => ({ ...names, lifetime: { ...lifetime } })

export const copyCases: StoreChapter = {
  title: 'copies: what is handed in or out is nobody else’s',
  cases: [
    {
      title: 'changing what read gave changes nothing',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(3), ...terms() })
        const expected = structuredClone(await peer.read(ref, { tail: 3 }))
        vandalise((await store.read(ref, { tail: 3 }))!)
        expect(await store.read(ref, { tail: 3 })).toEqual(expected)
        expect(await peer.read(ref, { tail: 3 })).toEqual(expected)
      },
    },
    {
      title: 'changing what messages and list gave changes nothing',
      async run({ store }) {
        const ref = await freshSession(store, { messages: numbered(3), ...terms() })
        const pages = () =>
          Promise.all([store.messages(ref, { limit: 2 }), store.list({ tenantId: ref.tenantId, limit: 2 })])
        const expected = structuredClone(await pages())
        for (const page of await pages()) vandalise(page)
        expect(await pages()).toEqual(expected)
      },
    },
    {
      title: 'changing what commit gave changes nothing',
      async run({ store }) {
        const ref = freshRef()
        const committed = await store.commit(ref, {
          revision: 0,
          body: 'one',
          messages: numbered(2),
          ...terms(),
        })
        const expected = structuredClone(committed)
        vandalise(committed)
        const stored = await store.read(ref, { tail: 2 })
        expect(stored?.record).toEqual(expected.record)
        const { messages } = expected
        expect(stored?.messages).toMatchObject(messages.map(({ seq, id, at }) => ({ seq, id, at })))
        const next = await append(store, ref, message('m3'))
        expect(next.messages).toMatchObject([{ seq: 3, inserted: true }])
        const { updatedAt } = next.record
        expect(next.record).toMatchObject({ ...terms(), expiresAt: updatedAt + lifetime.idleMs })
      },
    },
    {
      title: 'changing what was handed in changes nothing, as soon as the call has been made',
      async run({ store, peer }) {
        const ref = freshRef()
        const { tenantId, id } = ref
        const messages: NewMessage[] = numbered(2)
        const change: SessionChange = { revision: 0, body: 'one', messages, ...terms() }
        const handedIn = { tenantId, id }
        const committing = store.commit(handedIn, change)
        vandalise(change)
        vandalise(handedIn)
        const committed = await committing
        expect(committed.record).toMatchObject({ tenantId, id, revision: 1, lastSeq: 2, ...terms() })
        vandalise(messages)

        // Two of its messages are stored already, so a store may go step by step.
        const partly: SessionChange = {
          messages: numbered(3),
          title: 'Later',
          lifetime: { absoluteMs: 60_000 },
        }
        const changing = store.commit(ref, partly)
        vandalise(partly)
        expect((await changing).record).toMatchObject({
          lastSeq: 3,
          title: 'Later',
          lifetime: { absoluteMs: 60_000 },
        })

        const copy = structuredClone((await peer.read(ref, { tail: 3 }))!)
        const expected = structuredClone(copy)
        const elsewhere = { tenantId, id: 'elsewhere' }
        const restoring = store.restore(elsewhere, copy)
        vandalise(copy)
        vandalise(elsewhere)
        await restoring
        expect(await peer.read({ tenantId, id: 'elsewhere' }, { tail: 3 })).toEqual({
          ...expected,
          record: { ...expected.record, id: 'elsewhere' },
        })

        const amendments = [{ seq: 1, payload: 'amended' }]
        const amending = store.amend(ref, amendments)
        vandalise(amendments)
        expect(await amending).toBe(1)
        expect(await peer.read(ref, { tail: 5 })).toMatchObject({
          record: { ...names, title: 'Later' },
          body: 'one',
          messages: [
            { seq: 1, id: 'm1', payload: 'amended' },
            { seq: 2, id: 'm2', payload: 'payload of m2' },
            { seq: 3, id: 'm3', payload: 'payload of m3' },
          ],
        })
      },
    },
    {
      title: 'a later read does not change an earlier one',
      async run({ store, peer }) {
        const ref = await freshSession(store, { body: 'one', messages: numbered(2) })
        const earlier = (await store.read(ref, { tail: 5 }))!
        const page = await store.messages(ref, { limit: 5 })
        const [asItWas, pageAsItWas] = structuredClone([earlier, page])
        await peer.commit(ref, { revision: 1, body: 'two', messages: [message('m3')], title: 'new' })
        await store.amend(ref, [{ seq: 1, payload: 'amended' }])
        await store.trim(ref, 1)
        await store.read(ref, { tail: 5 })
        expect(earlier).toEqual(asItWas)
        expect(page).toEqual(pageAsItWas)
      },
    },
    {
      title: 'takes frozen input',
      async run({ store }) {
        const ref = deepFreeze(freshRef())
        const change = deepFreeze({
          revision: 0,
          body: 'one',
          messages: numbered(2),
          ...terms(),
          idleMs: 60_000,
        })
        expect((await store.commit(ref, change)).record.lastSeq).toBe(2)
        expect(await store.amend(ref, deepFreeze([{ seq: 1, payload: 'amended' }]))).toBe(1)
        expect((await store.read(ref, deepFreeze({ tail: 1 })))?.messages).toHaveLength(1)
        expect((await store.messages(ref, deepFreeze({ limit: 1 }))).messages).toHaveLength(1)
        const query = deepFreeze({ tenantId: ref.tenantId, userId: 'alice', limit: 1 })
        expect((await store.list(query)).items).toHaveLength(1)
      },
    },
  ],
}
