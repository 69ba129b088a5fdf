import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../../src/index.js'
import type { EncryptedStore } from '../../../src/sealed.js'
import { haltingStore } from '../../../src/testing.js'
import { dumpOf, rawOf, ring, sealed } from './sealed-stores.js'

const tenantId = 'acme'
const userOf = (n: number) => `canary user ${n}`
const refOf = (n: number) => ({ tenantId, id: `s${n}` })

/** Sessions of a user each, of nobody for the first. */
async function fill(store: SessionStore, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await store.commit(refOf(n), {
      revision: 0,
      ...(n === 0 ? {} : { userId: userOf(n), title: `canary title ${n}` }),
      body: `canary body ${n}`,
      messages: Array.from({ length: n }, (_, index) => ({
        id: `m${index}`,
        payload: `canary ${n}.${index}`,
      })),
      idleMs: 3_600_000,
    })
  }
}

/** Every page of a walk. */
async function walk(
  store: EncryptedStore,
  step: 'rewrapKeys' | 'encryptExisting',
  limit = 2,
): Promise<{ done: number; failures: number }> {
  let done = 0
  let failures = 0
  for (let cursor: string | undefined; ;) {
    const report = await store[step]({ tenantId, limit, ...(cursor === undefined ? {} : { cursor }) })
    done += report.done
    failures += report.failures.length
    if (report.cursor === undefined) return { done, failures }
    ;({ cursor } = report)
  }
}

const everything = async (store: SessionStore, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => store.read(refOf(n), { tail: 100 })))

/** Does work again and again, killed at each step of the store in turn, until it comes to its end. */
async function killedAtEachStep(
  raw: SessionStore,
  open: (store: SessionStore) => EncryptedStore,
  work: (store: EncryptedStore) => Promise<unknown>,
): Promise<number> {
  for (let call = 1; ; call++) {
    for (const when of ['before', 'after'] as const) {
      const halting = haltingStore(raw, { call, when })
      const ended = work(open(halting.store)).then(() => 'ended')
      if ((await Promise.race([ended, halting.died])) === 'ended') return call
    }
  }
}

describe('rewrapKeys', () => {
  it('wraps every key anew, so that the older one can go', async () => {
    const raw = memoryStore()
    await fill(sealed(raw, { keyring: ring('old') }), 5)
    const before = await everything(sealed(raw, { keyring: ring('old') }), 5)
    const store = sealed(raw, { keyring: ring('new', 'old') })
    expect(await walk(store, 'rewrapKeys')).toEqual({ done: 5, failures: 0 })
    expect(await walk(store, 'rewrapKeys')).toEqual({ done: 0, failures: 0 })
    expect(await everything(sealed(raw, { keyring: ring('new') }), 5)).toEqual(before)
    await expect(sealed(raw, { keyring: ring('old') }).read(refOf(0))).rejects.toMatchObject({
      code: 'unknown_key',
    })
  })

  it('goes on where it was killed, at every step', async () => {
    const raw = memoryStore()
    await fill(sealed(raw, { keyring: ring('old') }), 4)
    const before = await everything(sealed(raw, { keyring: ring('old') }), 4)
    const open = (store: SessionStore) => sealed(store, { keyring: ring('new', 'old') })
    await killedAtEachStep(raw, open, (store) => walk(store, 'rewrapKeys'))
    expect(await walk(open(raw), 'rewrapKeys')).toEqual({ done: 0, failures: 0 })
    expect(await everything(sealed(raw, { keyring: ring('new') }), 4)).toEqual(before)
  })

  it('fails no call while sessions are written, and many do it at once', async () => {
    const raw = memoryStore()
    await fill(sealed(raw, { keyring: ring('old') }), 8)
    const both = ring('new', 'old')
    const writers = Array.from({ length: 4 }, (_, w) =>
      sealed(raw, { keyring: w % 2 === 0 ? both : ring('old', 'new'), cacheMs: 0 }),
    )
    const writing = writers.map(async (store, w) => {
      for (let n = 0; n < 20; n++) {
        const at = refOf(n % 8)
        const { messages } = await store.commit(at, { messages: [{ id: `w${w}.${n}`, payload: 'new' }] })
        expect(messages).toMatchObject([{ inserted: true }])
        expect((await store.read(at, { tail: 1 }))?.messages[0]?.payload).not.toBe('')
      }
    })
    const walks = await Promise.all([0, 1, 2].map(() => walk(sealed(raw, { keyring: both }), 'rewrapKeys')))
    await Promise.all(writing)
    expect(walks.reduce((sum, { done }) => sum + done, 0)).toBeGreaterThanOrEqual(8)
    expect(await walk(sealed(raw, { keyring: both }), 'rewrapKeys')).toEqual({ done: 0, failures: 0 })
    const read = await everything(sealed(raw, { keyring: ring('new') }), 8)
    const added = [12, 12, 12, 12, 8, 8, 8, 8]
    expect(read.map((stored) => stored?.record.lastSeq)).toEqual(added.map((count, n) => n + count))
  })
})

describe('mode migrate', () => {
  const open = (store: SessionStore) => sealed(store, { mode: 'migrate' })

  it('reads what is not sealed, which `require` does not', async () => {
    const raw = memoryStore()
    await fill(raw, 3)
    const before = await everything(raw, 3)
    const store = open(raw)
    expect(await everything(store, 3)).toEqual(before)
    expect(await store.messages(refOf(2), { limit: 9 })).toEqual(await raw.messages(refOf(2), { limit: 9 }))
    expect(await store.list({ tenantId, limit: 9 })).toEqual(await raw.list({ tenantId, limit: 9 }))
    await expect(sealed(raw).read(refOf(1))).rejects.toMatchObject({ code: 'corrupt' })
    expect(
      await sealed(raw)
        .messages(refOf(2), { limit: 1 })
        .catch((error: unknown) => error),
    ).toMatchObject({ code: 'corrupt' })
    expect(await everything(raw, 3)).toEqual(before)
  })

  it('seals a session when it is written, all of it', async () => {
    const raw = memoryStore()
    await fill(raw, 4)
    const store = open(raw)
    await store.commit(refOf(2), {
      ownedBy: userOf(2),
      messages: [
        { id: 'm0', payload: 'canary 2.0' },
        { id: 'x', payload: 'canary x' },
      ],
    })
    expect(await store.amend(refOf(3), [{ seq: 1, payload: 'canary amended' }])).toBe(1)
    for (const n of [2, 3]) expect(JSON.stringify(await rawOf(raw, refOf(n)))).not.toContain('canary')
    expect(JSON.stringify(await rawOf(raw, refOf(1)))).toContain('canary')
    const payloads = ['canary 2.0', 'canary 2.1', 'canary x']
    expect((await sealed(raw).read(refOf(2), { tail: 9 }))?.messages.map(({ payload }) => payload)).toEqual(
      payloads,
    )
    expect((await sealed(raw).read(refOf(2)))?.record).toMatchObject({
      bytes: 28,
      userId: userOf(2),
      title: 'canary title 2',
    })
  })

  it('lists the sessions of a user page by page, sealed or not', async () => {
    const raw = memoryStore()
    const store = open(raw)
    for (let n = 0; n < 9; n++) {
      await (n % 2 === 0 ? raw : store).commit(refOf(n), {
        revision: 0,
        userId: n % 3 === 0 ? 'bob' : 'alice',
      })
    }
    const found: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = await store.list({
        tenantId,
        userId: 'alice',
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      })
      expect(page.items.every(({ userId }) => userId === 'alice')).toBe(true)
      found.push(...page.items.map(({ id }) => id))
      if (page.cursor === undefined) break
      ;({ cursor } = page)
    }
    expect(found.toSorted()).toEqual(['s1', 's2', 's4', 's5', 's7', 's8'])
    await expect(store.list({ tenantId, userId: 'alice', limit: 2, cursor: 'x' })).rejects.toMatchObject({
      code: 'invalid',
    })
  })

  it('encryptExisting seals all, with counts and times as they were, killed at every step', async () => {
    const raw = memoryStore()
    await fill(raw, 4)
    const before = await everything(raw, 4)
    await killedAtEachStep(raw, open, (store) => walk(store, 'encryptExisting'))
    expect(await walk(open(raw), 'encryptExisting')).toEqual({ done: 0, failures: 0 })
    const after = await everything(sealed(raw), 4)
    const expected = before.map((stored) => ({ ...stored, record: { ...stored!.record, changes: 2 } }))
    expect(after).toEqual(expected)
    expect(await dumpOf(raw, [tenantId])).not.toContain('canary')
  })

  it('encryptExisting loses no write that is made meanwhile, and is for this mode alone', async () => {
    const raw = memoryStore()
    await fill(raw, 4)
    const writing = Array.from({ length: 4 }, async (_, n) => {
      for (let m = 0; m < 30; m++)
        await open(raw).commit(refOf(n), { messages: [{ id: `w${m}`, payload: `canary ${m}` }] })
    })
    const walks = Promise.all([0, 1].map(() => walk(open(raw), 'encryptExisting')))
    await Promise.all([...writing, walks])
    expect(
      (await everything(sealed(raw), 4)).map(
        (stored) => stored?.messages.filter(({ payload }) => payload !== '').length,
      ),
    ).toEqual([30, 31, 32, 33])
    await expect(sealed(raw).encryptExisting({ tenantId, limit: 9 })).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect(open(raw).encryptExisting({ tenantId: '~keys:acme', limit: 9 })).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})

describe('upkeep that was asked for wrongly', () => {
  it.each<[string, unknown]>([
    ['without a user', { tenantId }],
    ['of an anonymous caller', { tenantId, userId: undefined }],
    ['with an empty user', { tenantId, userId: '' }],
    ['without a tenant', { userId: 'alice' }],
    ['without anything', undefined],
    ['with null', null],
  ])('destroys no key %s', async (_, user) => {
    const raw = memoryStore()
    const store = sealed(raw)
    await fill(store, 2)
    await expect(store.destroyKey(user as never)).rejects.toMatchObject({ code: 'invalid' })
    // Another process, which has no key in memory.
    const [guest, alice] = await everything(sealed(raw), 2)
    expect([guest?.body, alice?.body]).toEqual(['canary body 0', 'canary body 1'])
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no tenant', { limit: 10 }],
    ['an empty tenant', { tenantId: '', limit: 10 }],
    ['the keys themselves', { tenantId: '~keys:acme', limit: 10 }],
    ['a misspelt cursor', { tenantId, limit: 10, curser: 'x' }],
    ['no limit', { tenantId }],
  ])('refuses a page of %s', async (_, page) => {
    const store = sealed(memoryStore(), { mode: 'migrate' })
    await expect(store.rewrapKeys(page as never)).rejects.toMatchObject({ code: 'invalid' })
    await expect(store.encryptExisting(page as never)).rejects.toMatchObject({ code: 'invalid' })
  })

  it.each([undefined, null, {}, { tenantId }, { tenantId, id: '' }])(
    'seals no session %j anew',
    async (ref) => {
      await expect(sealed(memoryStore()).rekey(ref as never)).rejects.toMatchObject({ code: 'invalid' })
    },
  )
})
