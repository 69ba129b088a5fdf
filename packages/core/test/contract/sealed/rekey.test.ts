import { describe, expect, it } from 'vitest'
import { copySessions, memoryStore, type SessionStore } from '../../../src/index.js'
import { haltingStore } from '../../../src/testing.js'
import { rawOf, sealed, watched } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }

/** A session of nobody that says ten things, is bound to alice, and says ten more. */
async function bound(store: SessionStore): Promise<void> {
  const said = (from: number) =>
    Array.from({ length: 10 }, (_, n) => ({ id: `m${from + n}`, payload: `said ${from + n}` }))
  await store.commit(at, { revision: 0, title: 'title', body: 'begun', messages: said(1) })
  await store.commit(at, { revision: 1, body: 'bound', userId: 'alice' })
  await store.commit(at, { messages: said(11) })
}

describe('rekey', () => {
  it('seals with the key of the user what was said before the session was bound', async () => {
    const [raw, keys] = [memoryStore(), memoryStore()]
    const store = sealed(raw, { keys })
    await bound(store)
    const before = await store.read(at, { tail: 99 })
    expect(await store.rekey(at)).toBe(true)
    expect(await store.rekey(at)).toBe(false)
    const after = await store.read(at, { tail: 99 })
    expect(after).toEqual({ ...before, record: { ...before!.record, changes: before!.record.changes + 1 } })
    const ofUser = (await rawOf(raw, at)).body.slice(3, 27)
    const ids = (await keys.list({ tenantId: '~keys:acme', limit: 9 })).items.map(({ id }) => id)
    expect(ids).toHaveLength(2)
    await keys.remove({ tenantId: '~keys:acme', id: ids.find((id) => id !== ofUser)! })
    expect(await sealed(raw, { keys }).read(at, { tail: 99 }), 'without the key of the tenant').toEqual(after)
  })

  it('does so at one moment, wherever it is killed', async () => {
    const raw = memoryStore()
    await bound(sealed(raw))
    const before = await sealed(raw).read(at, { tail: 99 })
    const sizes = new Set<number>()
    for (let call = 1; ; call++) {
      const halting = haltingStore(raw, { call, when: 'before' })
      const ended = sealed(halting.store).rekey(at)
      const won = await Promise.race([ended, halting.died.then(() => 'died')])
      const { messages } = await rawOf(raw, at)
      const keys = new Set(messages.map(({ payload }) => payload.slice(3, 27)))
      sizes.add(keys.size)
      expect((await sealed(raw).read(at, { tail: 99 }))?.messages).toEqual(before!.messages)
      if (won !== 'died') break
    }
    expect([...sizes], 'of the tenant and of the user, then of the user alone').toEqual([2, 1])
  })

  it('loses no write that is made meanwhile', async () => {
    const raw = memoryStore()
    const store = sealed(raw)
    await bound(store)
    const writing = (async () => {
      for (let n = 0; n < 40; n++) {
        await sealed(raw).commit(at, { messages: [{ id: `w${n}`, payload: `while ${n}` }] })
        await sealed(raw).amend(at, [{ seq: 1 + (n % 20), payload: `amended ${n}` }])
      }
    })()
    await Promise.allSettled([store.rekey(at), sealed(raw).rekey(at)])
    await writing
    await store.rekey(at)
    const { messages, record } = (await store.read(at, { tail: 99 }))!
    expect(record.lastSeq).toBe(60)
    expect(messages.slice(20).map(({ payload }) => payload)).toEqual(
      Array.from({ length: 40 }, (_, n) => `while ${n}`),
    )
    expect(messages.slice(0, 20).map(({ payload }) => payload)).toEqual(
      Array.from({ length: 20 }, (_, n) => `amended ${n + 20}`),
    )
  })

  it('leaves alone what cannot be opened whole', async () => {
    const raw = memoryStore()
    await bound(sealed(raw))
    await raw.amend(at, [{ seq: 3, payload: 'changed' }])
    const before = await rawOf(raw, at)
    await expect(sealed(raw).rekey(at)).rejects.toMatchObject({ code: 'corrupt' })
    expect(await rawOf(raw, at)).toEqual(before)
  })
})

describe('keys in another store', () => {
  it('a backup from before a key was destroyed is unreadable, for this user alone', async () => {
    const [raw, keys, backup] = [memoryStore(), memoryStore(), memoryStore()]
    const store = sealed(raw, { keys })
    await bound(store)
    await store.rekey(at)
    const ofBob = { ...at, id: 's2' }
    await store.commit(ofBob, {
      revision: 0,
      userId: 'bob',
      body: 'of bob',
      messages: [{ id: 'm1', payload: 'from bob' }],
    })
    const beside = { tenantId: '~turns:acme', id: 't1' }
    await store.commit(beside, { revision: 0, userId: 'alice', body: 'a turn' })
    await copySessions(raw, backup, { tenants: ['acme', '~turns:acme'] })
    expect((await raw.list({ tenantId: '~keys:acme', limit: 9 })).items).toEqual([])

    await store.remove(at)
    expect(await store.destroyKey({ tenantId: 'acme', userId: 'alice' })).toBe(true)
    expect(await store.destroyKey({ tenantId: 'acme', userId: 'alice' })).toBe(false)
    const { store: restored, problems } = watched(backup, { keys })
    await expect(restored.read(at)).rejects.toMatchObject({ code: 'unknown_key' })
    await expect(restored.read(beside)).rejects.toMatchObject({ code: 'unknown_key' })
    const { messages } = await restored.messages(at, { limit: 99 })
    expect(messages.map(({ payload }) => payload)).toEqual(Array.from({ length: 20 }, () => ''))
    expect(problems.at(-1)).toEqual({ ...at, part: 'message', seq: 20, why: 'unknown_key' })
    expect(await restored.read(ofBob, { tail: 1 })).toMatchObject({
      body: 'of bob',
      messages: [{ payload: 'from bob' }],
    })

    // She comes again, and has a new key, which opens nothing of before.
    await store.commit(at, { revision: 0, userId: 'alice', body: 'again' })
    expect((await store.read(at))?.body).toBe('again')
    await expect(sealed(backup, { keys }).read(at)).rejects.toMatchObject({ code: 'corrupt' })
  })
})
