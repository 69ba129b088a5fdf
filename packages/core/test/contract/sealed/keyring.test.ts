import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../../src/index.js'
import { type Keyring, staticKeyring } from '../../../src/sealed.js'
import { key, ring, sealed } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const change = {
  revision: 0,
  userId: 'alice',
  title: 'title',
  body: 'body',
  messages: [{ id: 'm1', payload: 'one' }],
}

/** A keyring whose key service can be cut off. */
function cuttable() {
  const inner = ring('2026')
  const service = { isAway: false, calls: 0 }
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    service.calls++
    if (service.isAway) throw new Error('connect ECONNREFUSED')
    return call()
  }
  const keyring: Keyring = {
    current: inner.current,
    wrap: (secret, about) => ask(() => inner.wrap(secret, about)),
    unwrap: (id, wrapped, about) => ask(() => inner.unwrap(id, wrapped, about)),
  }
  return { keyring, service }
}

describe('staticKeyring', () => {
  const about = { purpose: 'sessions', tenantId: 'acme', subject: 'abc' }

  it('unwraps what a key of the ring has wrapped, for the same purpose, tenant and subject', async () => {
    const { keyId, wrapped } = await ring('old').wrap(key('secret'), about)
    expect(keyId).toBe('old')
    expect(Buffer.from(wrapped).includes(key('secret'))).toBe(false)
    const newer = ring('new', 'old')
    expect(Buffer.from(await newer.unwrap('old', wrapped, about))).toEqual(key('secret'))
    for (const other of [{ purpose: 'x' }, { tenantId: 'globex' }, { subject: 'abd' }]) {
      await expect(newer.unwrap('old', wrapped, { ...about, ...other })).rejects.toMatchObject({
        code: 'unknown_key',
      })
    }
    await expect(newer.unwrap('new', wrapped, about)).rejects.toMatchObject({ code: 'unknown_key' })
    await expect(ring('new').unwrap('old', wrapped, about)).rejects.toMatchObject({ code: 'unknown_key' })
    await expect(newer.unwrap('old', wrapped.subarray(0, -4), about)).rejects.toMatchObject({
      code: 'unknown_key',
    })
    await expect(newer.unwrap('old', new Uint8Array(5), about)).rejects.toMatchObject({ code: 'unknown_key' })
    const errorOf = async (keyId: string) =>
      newer.unwrap(keyId, wrapped, about).catch((error: unknown) => error as Error)
    expect(await errorOf('new')).toMatchObject({
      message: expect.stringContaining('the key was not wrapped by "new"') as unknown,
      cause: expect.any(Error) as unknown,
    })
    const unknown = (await errorOf('none')) as Error
    expect(unknown.message).toBe('the content cannot be opened: the keyring has no key "none"')
    expect(unknown).not.toHaveProperty('cause')
  })

  it('takes keys of 32 bytes alone, and needs the current one', () => {
    for (const bad of [new Uint8Array(31), new Uint8Array(33), 'x'.repeat(32) as never]) {
      expect(() => staticKeyring({ current: 'a', keys: { a: bad } })).toThrow(
        'keys.a must be 32 random bytes',
      )
    }
    expect(() => staticKeyring({ current: 'b', keys: { a: key('a') } })).toThrow('current must be the id')
    expect(() => sealed(memoryStore(), { indexKey: new Uint8Array(16) })).toThrow(
      'indexKey must be 32 random bytes',
    )
  })
})

describe('while the key service is away', () => {
  it('nothing is stored, and nothing is returned', async () => {
    const raw = memoryStore()
    const { keyring, service } = cuttable()
    await sealed(raw, { keyring }).commit(at, change)
    service.isAway = true
    const store = sealed(raw, { keyring })
    const unavailable = { code: 'unavailable' }
    await expect(store.read(at, { tail: 1 })).rejects.toMatchObject(unavailable)
    await expect(store.messages(at, { limit: 1 })).rejects.toMatchObject(unavailable)
    await expect(store.list({ tenantId: 'acme', limit: 1 })).rejects.toMatchObject(unavailable)
    await expect(store.commit(at, { messages: [{ id: 'm2', payload: 'two' }] })).rejects.toMatchObject(
      unavailable,
    )
    await expect(store.amend(at, [{ seq: 1, payload: 'amended' }])).rejects.toMatchObject(unavailable)
    await expect(store.commit({ ...at, id: 's2' }, { ...change, userId: 'bob' })).rejects.toMatchObject(
      unavailable,
    )
    await expect(
      store.restore({ ...at, id: 's3' }, (await raw.read(at, { tail: 1 }))!),
    ).rejects.toMatchObject(unavailable)
    expect((await raw.read(at))?.record).toMatchObject({ changes: 1, lastSeq: 1 })
    expect((await raw.list({ tenantId: 'acme', limit: 9 })).items).toHaveLength(1)
    service.isAway = false
    expect(await store.read(at, { tail: 1 })).toMatchObject({ body: 'body', messages: [{ payload: 'one' }] })
  })

  it('keys in memory serve for cacheMs, and are asked for once by many calls', async () => {
    const raw = memoryStore()
    const { keyring, service } = cuttable()
    await sealed(raw, { keyring }).commit(at, change)
    service.calls = 0
    const store = sealed(raw, { keyring })
    await Promise.all(Array.from({ length: 20 }, () => store.read(at)))
    expect(service.calls).toBe(1)
    service.isAway = true
    expect(await store.read(at)).toMatchObject({ body: 'body' })
    await store.commit(at, { messages: [{ id: 'm2', payload: 'two' }] })
    const forgetful = sealed(raw, { keyring, cacheMs: 0 })
    await expect(forgetful.read(at)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('the service over it answers `unavailable`, and has the session again afterwards', async () => {
    const { keyring, service } = cuttable()
    const sessions = createSessions({ store: sealed(memoryStore(), { keyring, cacheMs: 0 }) })
    const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
    const session = await mine.create()
    await session.append({ role: 'user', content: 'Hello' })
    service.isAway = true
    await expect(mine.open(session.id)).rejects.toMatchObject({ code: 'unavailable' })
    service.isAway = false
    const again = await mine.open(session.id)
    expect((await again.history({ limit: 9 })).messages).toMatchObject([{ content: 'Hello' }])
  })
})

describe('a key that is not there', () => {
  it('of the keyring is `unknown_key`', async () => {
    const raw = memoryStore()
    await sealed(raw, { keyring: ring('2025') }).commit(at, change)
    const store = sealed(raw, { keyring: ring('2026') })
    const unknown = { code: 'unknown_key' }
    await expect(store.read(at)).rejects.toMatchObject(unknown)
    await expect(store.messages(at, { limit: 1 })).rejects.toMatchObject(unknown)
    await expect(store.commit(at, { messages: [{ id: 'm2', payload: 'two' }] })).rejects.toMatchObject(
      unknown,
    )
    expect((await raw.read(at))?.record.changes).toBe(1)
  })

  it('keeps the keys from callers', async () => {
    const raw = memoryStore()
    const store = sealed(raw)
    await store.commit(at, change)
    const [{ id } = { id: '' }] = (await raw.list({ tenantId: '~keys:acme', limit: 9 })).items
    const keyRef = { tenantId: '~keys:acme', id }
    const invalid = { code: 'invalid', path: 'tenantId' }
    await expect(store.read(keyRef)).rejects.toMatchObject(invalid)
    await expect(store.remove(keyRef)).rejects.toMatchObject(invalid)
    await expect(store.list({ tenantId: '~keys:acme', limit: 9 })).rejects.toMatchObject(invalid)
    await expect(store.commit(keyRef, { revision: 1, body: 'x' })).rejects.toMatchObject(invalid)
  })
})
