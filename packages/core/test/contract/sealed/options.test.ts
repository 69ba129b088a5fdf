import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../../src/index.js'
import { staticKeyring } from '../../../src/sealed.js'
import type { SessionChange, StoreFinding } from '../../../src/store.js'
import { key, rawOf, ring, sealed } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const keyTenant = { tenantId: '~keys:acme', limit: 9 }

describe('the options', () => {
  it.each([
    [{ keys: 1 }, 'keys'],
    [{ keyring: 1 }, 'keyring'],
    [{ mode: 'none' }, 'mode'],
    [{ cacheMs: -1 }, 'cacheMs'],
    [{ cacheMs: 1.5 }, 'cacheMs'],
    [{ cacheMs: '1' }, 'cacheMs'],
    [{ onIntegrity: 1 }, 'onIntegrity'],
    [{ more: 1 }, 'more'],
    [{ indexKey: new Uint8Array(31) }, 'indexKey'],
  ])('%j are refused', (options, path) => {
    expect(() => sealed(memoryStore(), options as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path }),
    )
  })

  it('of a keyring are refused with the path of what is wrong', () => {
    const refused = (options: object) => () => staticKeyring(options as never)
    expect(refused({ current: 'b', keys: { a: key('a') } })).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'current' }),
    )
    expect(refused({ current: 'a', keys: { a: key('a'), b: key('b').subarray(1) } })).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'keys.b' }),
    )
  })

  it('that are spelled out are the usual ones, and either mode is one', async () => {
    for (const mode of ['require', 'migrate'] as const) {
      const raw = memoryStore()
      const store = sealed(raw, { mode, keys: raw, cacheMs: 300_000 })
      await store.commit(at, { revision: 0, body: 'body' })
      expect(await sealed(raw).read(at)).toMatchObject({ body: 'body' })
      expect((await rawOf(raw, at)).body).not.toContain('body')
    }
  })

  it('keep the keys in the store itself, or where they are to be', async () => {
    const [raw, keys] = [memoryStore(), memoryStore()]
    await sealed(raw).commit(at, { revision: 0 })
    expect((await raw.list(keyTenant)).items).toHaveLength(1)
    await sealed(raw, { keys }).commit({ ...at, id: 's2' }, { revision: 0 })
    expect((await raw.list(keyTenant)).items).toHaveLength(1)
    expect((await keys.list(keyTenant)).items).toHaveLength(1)
  })
})

describe('the upkeep', () => {
  it('is that of both stores, each of which is asked once', async () => {
    const asked: unknown[] = []
    const checked = (name: string): SessionStore => ({
      ...memoryStore(),
      async check(timeoutMs) {
        asked.push([name, timeoutMs])
        return [{ code: name, message: name, severity: 'warning' } as unknown as StoreFinding]
      },
    })
    const [one, other] = [checked('one'), checked('other')]
    const codesOf = async (store: SessionStore) => (await store.check!(5)).map(({ code }) => code)
    expect(await codesOf(sealed(one))).toEqual(['one'])
    expect(await codesOf(sealed(one, { keys: other }))).toEqual(['one', 'other'])
    expect(asked).toEqual([
      ['one', 5],
      ['one', 5],
      ['other', 5],
    ])
    const without: SessionStore = { ...memoryStore() }
    delete without.check
    expect(await sealed(without).check!(5)).toEqual([])
  })

  it('seals nothing but in the mode for it, and no key', async () => {
    const store = sealed(memoryStore())
    await expect(store.encryptExisting({ tenantId: 'acme', limit: 1 })).rejects.toMatchObject({
      code: 'invalid',
      path: 'mode',
    })
    const refused = { code: 'invalid', path: 'tenantId' }
    const tenantId = '~keys:acme'
    await expect(store.encryptExisting({ tenantId, limit: 1 })).rejects.toMatchObject(refused)
    await expect(store.rewrapKeys({ tenantId, limit: 1 })).rejects.toMatchObject(refused)
    await expect(store.rekey({ tenantId, id: 'x' })).rejects.toMatchObject(refused)
    await expect(store.trim({ tenantId, id: 'x' }, 1)).rejects.toMatchObject(refused)
  })

  it('trims and sweeps what the store beneath has', async () => {
    let now = Date.now()
    const raw = memoryStore({ clock: () => now })
    const store = sealed(raw)
    const messages = ['one', 'two', 'three'].map((payload) => ({ id: payload, payload }))
    await store.commit(at, { revision: 0, messages, idleMs: 1000 })
    await store.trim(at, 2)
    expect((await store.read(at, { tail: 9 }))!.messages.map(({ payload }) => payload)).toEqual(['three'])
    now += 1000
    expect(await store.sweep({ limit: 9 })).toBe(1)
  })
})

describe('what a caller changes while a call runs', () => {
  it('is not what the call stores', async () => {
    const store = sealed(memoryStore(), { keyring: ring('2026') })
    const lifetime = { idleMs: 1000, absoluteMs: 5000 }
    const messages = [{ id: 'm1', payload: 'one' }]
    const change: SessionChange = { revision: 0, body: 'body', messages, lifetime }
    const committed = store.commit(at, change)
    change.body = 'changed'
    messages[0]!.payload = 'changed'
    messages.push({ id: 'm2', payload: 'two' })
    lifetime.idleMs = 1
    await committed
    const stored = (await store.read(at, { tail: 9 }))!
    expect(stored).toMatchObject({ body: 'body', messages: [{ id: 'm1', payload: 'one' }] })
    expect(stored.record.lifetime).toEqual({ idleMs: 1000, absoluteMs: 5000 })

    const amendments = [{ seq: 1, payload: 'amended' }]
    const guard = { incarnation: stored.record.incarnation }
    const amended = store.amend(at, amendments, guard)
    amendments[0]!.payload = 'changed'
    guard.incarnation = 'another'
    expect(await amended).toBe(1)
    const copy = (await store.read(at, { tail: 9 }))!
    expect(copy.messages).toMatchObject([{ payload: 'amended' }])

    const to = { tenantId: 'acme', id: 's2' }
    const asked = structuredClone(copy) as unknown as {
      record: { lifetime: { idleMs: number }; lastSeq: number }
      body: string
      messages: { payload: string }[]
    }
    const restored = store.restore(to, asked as never)
    asked.body = 'changed'
    asked.record.lastSeq = 9
    asked.record.lifetime.idleMs = 1
    asked.messages[0]!.payload = 'changed'
    await restored
    const { record, ...rest } = (await store.read(to, { tail: 9 }))!
    expect(rest).toEqual({ body: copy.body, messages: copy.messages })
    expect(record.lifetime).toEqual(copy.record.lifetime)
  })

  it('is not what a guard lets through', async () => {
    const store = sealed(memoryStore())
    await store.commit(at, { revision: 0, userId: 'alice', messages: [{ id: 'm1', payload: 'one' }] })
    expect(await store.amend(at, [{ seq: 1, payload: 'x' }], { incarnation: 'another' })).toBe(0)
    expect((await store.read(at, { tail: 9 }))!.messages).toMatchObject([{ payload: 'one' }])
  })

  it('is not where a list goes on', async () => {
    const store = sealed(memoryStore())
    for (const id of ['a', 'b', 'c']) await store.commit({ tenantId: 'acme', id }, { revision: 0 })
    const [first] = (await store.list({ tenantId: 'acme', limit: 9 })).items
    const after = { activeAt: first!.activeAt, id: first!.id }
    const listed = store.list({ tenantId: 'acme', limit: 9, after })
    after.activeAt = 0
    expect((await listed).items).toHaveLength(2)
  })
})
