import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionErrorCode, type SessionStore } from '../../../src/index.js'
import type { Keyring } from '../../../src/sealed.js'
import { codeOf } from '../../service.js'
import { rawOf, ring, sealed, tamper, watched } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const messagesOf = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => ({ id: `m${from + index}`, payload: `said ${from + index}` }))
const fails = (code: SessionErrorCode) => async (): Promise<never> => {
  throw new SessionError(code, 'just now')
}
const payloadsOf = async (store: SessionStore) =>
  (await store.read(at, { tail: 999 }))!.messages.map(({ payload }) => payload)

describe('an amendment', () => {
  async function scene() {
    const raw = memoryStore()
    const store = sealed(raw)
    await store.commit(at, { revision: 0, body: 'body', messages: messagesOf(9) })
    return { raw, store }
  }
  const amend = (...seqs: number[]) => seqs.map((seq) => ({ seq, payload: `amended ${seq}` }))

  it('of messages in any order, far apart and not there, changes those that are there', async () => {
    const { raw, store } = await scene()
    let pages = 0
    const messages: SessionStore['messages'] = async (ref, query) => {
      pages++
      return raw.messages(ref, query)
    }
    const counting = sealed({ ...raw, messages })
    expect(await counting.amend(at, amend(9, 2, 3, 7, 1, 12))).toBe(5)
    // One for each run of them: 1 to 3, 7, 9 and 12.
    expect(pages).toBe(4)
    const expected = messagesOf(9).map(({ payload }, index) =>
      [9, 2, 3, 7, 1].includes(index + 1) ? `amended ${index + 1}` : payload,
    )
    expect(await payloadsOf(store)).toEqual(expected)
    expect(await store.amend(at, amend(10, 99))).toBe(0)
    expect(await store.amend(at, amend(0, -1, 1.5, Number.NaN, 2 ** 60))).toBe(0)
    expect(await store.amend(at, [])).toBe(0)
    expect(await payloadsOf(store)).toEqual(expected)
  })

  it('of a session that is not there, or goes just then, changes nothing', async () => {
    const { raw, store } = await scene()
    expect(await store.amend({ ...at, id: 'none' }, amend(1))).toBe(0)
    expect(await sealed({ ...raw, messages: fails('not_found') }).amend(at, amend(1))).toBe(0)
    const away = sealed({ ...raw, messages: fails('unavailable') })
    expect(await codeOf(away.amend(at, amend(1)))).toBe('unavailable')
    expect(await payloadsOf(store)).toEqual(messagesOf(9).map(({ payload }) => payload))
  })

  it('finds the session that has taken the place of the one that this process knows', async () => {
    const { raw, store } = await scene()
    const { incarnation } = (await store.read(at))!.record
    const other = sealed(raw)
    await other.remove(at)
    await other.commit(at, { revision: 0, messages: messagesOf(2) })
    expect(await store.amend(at, amend(1), { incarnation })).toBe(0)
    expect(await payloadsOf(other)).toEqual(['said 1', 'said 2'])
    await other.remove(at)
    await other.commit(at, { revision: 0, messages: messagesOf(2) })
    expect(await store.amend(at, amend(2))).toBe(1)
    expect(await payloadsOf(other)).toEqual(['said 1', 'amended 2'])
    await other.remove(at)
    expect(await store.amend(at, amend(2))).toBe(0)
  })

  it('never reaches the session that takes the place of the one that it was sealed for', async () => {
    const { raw } = await scene()
    const amended: SessionStore['amend'] = async (ref, amendments, guard) => {
      await raw.remove(at)
      await sealed(raw).commit(at, { revision: 0, messages: messagesOf(9) })
      return raw.amend(ref, amendments, guard)
    }
    await codeOf(sealed({ ...raw, amend: amended }).amend(at, amend(1)))
    expect(await payloadsOf(sealed(raw))).toEqual(messagesOf(9).map(({ payload }) => payload))
  })
})

describe('a key', () => {
  const keyPlace = async (raw: SessionStore) => {
    const [{ id } = { id: '' }] = (await raw.list({ tenantId: '~keys:acme', limit: 9 })).items
    return { tenantId: '~keys:acme', id }
  }

  it.each([
    ['no JSON', 'none'],
    ['no object', 'null'],
    ['no id of a key', '{"wrapped":"AAAA"}'],
    ['no wrapped key', '{"keyId":"2026"}'],
  ])('whose record has %s is unknown', async (_, body) => {
    const raw = memoryStore()
    await sealed(raw).commit(at, { revision: 0, body: 'body' })
    await tamper(raw, await keyPlace(raw), (copy) => ({ ...copy, body }))
    expect(await codeOf(sealed(raw).read(at))).toBe('unknown_key')
  })

  it('that is not one of 32 bytes is unknown, and a key service that fails is away', async () => {
    const raw = memoryStore()
    await sealed(raw).commit(at, { revision: 0, body: 'body' })
    const reading = async (unwrap: Keyring['unwrap']) => {
      const keyring = { ...ring('2026'), unwrap }
      const error: unknown = await sealed(raw, { keyring })
        .read(at)
        .catch((cause: unknown) => cause)
      return error as SessionError
    }
    expect((await reading(async () => new Uint8Array(31))).code).toBe('unknown_key')
    const cause = new Error('connect ECONNREFUSED')
    expect(await reading(async () => Promise.reject(cause))).toMatchObject({ code: 'unavailable', cause })
    const away = new SessionError('unavailable', 'away')
    expect(await reading(async () => Promise.reject(away))).toBe(away)
  })

  it('that could not be stored seals nothing', async () => {
    for (const [thrown, code] of [
      ['unknown_outcome', 'unavailable'],
      ['store_full', 'store_full'],
    ] as const) {
      const raw = memoryStore()
      const commit: SessionStore['commit'] = async (ref, change) =>
        ref.tenantId === '~keys:acme' ? fails(thrown)() : raw.commit(ref, change)
      expect(await codeOf(sealed({ ...raw, commit }).commit(at, { revision: 0 }))).toBe(code)
      expect(await raw.read(at)).toBeUndefined()
    }
  })

  it('whose answer was lost is the one that was stored', async () => {
    const raw = memoryStore()
    const commit: SessionStore['commit'] = async (ref, change) => {
      const committed = await raw.commit(ref, change)
      return ref.tenantId === '~keys:acme' ? fails('unknown_outcome')() : committed
    }
    await sealed({ ...raw, commit }).commit(at, { revision: 0, body: 'body' })
    expect(await sealed(raw).read(at)).toMatchObject({ body: 'body' })
  })

  it('of each user that a session has had is named, up to eight, and the newest text is opened', async () => {
    const raw = memoryStore()
    const store = sealed(raw)
    await store.commit(at, { revision: 0, body: 'body 0', messages: messagesOf(1) })
    for (let user = 1; user <= 10; user++) {
      const change = { userId: `user ${user}`, body: `body ${user}`, messages: messagesOf(1, user + 1) }
      await store.commit(at, { revision: user, ...change })
      const ids = (await rawOf(raw, at)).body.slice(3).split('.')[0]!.match(/.{24}/g)!
      expect([user, new Set(ids).size, ids.length]).toEqual([
        user,
        Math.min(user + 1, 8),
        Math.min(user + 1, 8),
      ])
    }
    await store.commit(at, { revision: 11, body: 'again' })
    const again = sealed(raw)
    expect(await again.read(at)).toMatchObject({ body: 'again', record: { userId: 'user 10' } })
    const named = (await rawOf(raw, at)).body.slice(3).split('.')[0]!.match(/.{24}/g)!
    expect([named.length, new Set(named).size]).toEqual([8, 8])
    expect(await payloadsOf(again)).toEqual(messagesOf(11).map(({ payload }) => payload))
  })

  it('that is away once a change was made leaves its outcome unknown', async () => {
    const inner = ring('2026')
    let isAway = false
    const keyring: Keyring = {
      ...inner,
      unwrap: async (...asked) => (isAway ? fails('unavailable')() : inner.unwrap(...asked)),
    }
    const raw = memoryStore()
    const commit: SessionStore['commit'] = async (ref, change) => {
      const committed = await raw.commit(ref, change)
      if (ref.id === 's1') isAway = true
      return committed
    }
    const store = sealed({ ...raw, commit }, { keyring, cacheMs: 0 })
    const error: unknown = await store
      .commit(at, { revision: 0, title: 'title' })
      .catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'unknown_outcome', cause: { code: 'unavailable' } })
    expect(await sealed(raw).read(at)).toMatchObject({ record: { title: 'title' } })
  })
})

describe('a write', () => {
  /** A store that counts the reads of sessions, and one that another process has. */
  async function scene() {
    const raw = memoryStore()
    let reads = 0
    const read: SessionStore['read'] = async (ref, options) => {
      if (ref.tenantId === 'acme') reads++
      return raw.read(ref, options)
    }
    const store = sealed({ ...raw, read })
    await store.commit(at, {
      revision: 0,
      title: 'title',
      body: 'body',
      userId: 'alice',
      messages: messagesOf(2),
    })
    const readsOf = async (call: () => Promise<unknown>): Promise<number> => {
      reads = 0
      await call()
      return reads
    }
    return { raw, store, other: sealed(raw), readsOf }
  }

  it('to a session that this process knows looks at nothing first', async () => {
    const { raw, store, readsOf } = await scene()
    expect(await readsOf(async () => store.commit(at, { messages: messagesOf(1, 3) }))).toBe(0)
    expect(await readsOf(async () => store.commit(at, { revision: 1, body: 'second' }))).toBe(0)
    expect(await readsOf(async () => store.commit(at, { messages: messagesOf(1, 4) }))).toBe(0)
    expect(await readsOf(async () => store.amend(at, [{ seq: 1, payload: 'amended' }]))).toBe(0)
    expect(await readsOf(async () => store.commit(at, { revision: 2, body: 'third' }))).toBe(0)
    expect(await payloadsOf(sealed(raw))).toEqual(['amended', 'said 2', 'said 3', 'said 4'])
  })

  it('to one that this process does not know looks once, and knows it then', async () => {
    for (const know of [
      async (store: SessionStore) => store.commit(at, { messages: messagesOf(1, 3) }),
      async (store: SessionStore) => store.amend(at, [{ seq: 1, payload: 'amended' }]),
    ]) {
      const { raw, readsOf } = await scene()
      let reads = 0
      const read: SessionStore['read'] = async (ref, options) => {
        if (ref.tenantId === 'acme') reads++
        return raw.read(ref, options)
      }
      const late = sealed({ ...raw, read })
      await know(late)
      expect(reads).toBe(1)
      await late.commit(at, { messages: messagesOf(1, 9) })
      expect(reads).toBe(1)
      expect(await readsOf(async () => {})).toBe(0)
    }
  })

  it('of a body that another process has written meanwhile looks at its keys first', async () => {
    const { raw, store, other, readsOf } = await scene()
    await other.commit(at, { revision: 1, body: 'theirs', userId: 'bob' })
    expect(await readsOf(async () => store.commit(at, { revision: 2, body: 'ours' }))).toBe(1)
    expect(await sealed(raw).read(at)).toMatchObject({
      body: 'ours',
      record: { userId: 'bob', title: 'title' },
    })
    expect(await codeOf(store.commit(at, { revision: 9, body: 'late' }))).toBe('conflict')
    expect(await payloadsOf(sealed(raw))).toEqual(['said 1', 'said 2'])
  })

  it('meant for one session never reaches another one at its place', async () => {
    const { raw, store, other } = await scene()
    const { incarnation } = (await store.read(at))!.record
    await other.remove(at)
    await other.commit(at, { revision: 0, body: 'new' })
    expect(await codeOf(store.commit(at, { incarnation, messages: messagesOf(1, 3) }))).toBe('not_found')
    expect(await payloadsOf(sealed(raw))).toEqual([])
    await store.commit(at, { messages: messagesOf(1, 3) })
    expect(await payloadsOf(sealed(raw))).toEqual(['said 3'])
    await other.remove(at)
    expect(await codeOf(store.commit(at, { messages: messagesOf(1, 4) }))).toBe('not_found')
  })
})

describe('sealing anew', () => {
  it('reaches messages far back, of a session whose body and title have the key already', async () => {
    const raw = memoryStore()
    const store = sealed(raw)
    await store.commit(at, { revision: 0, messages: messagesOf(450) })
    await store.commit(at, { revision: 1, body: 'bound', title: 'title', userId: 'alice' })
    const before = await payloadsOf(store)
    expect(await store.rekey(at)).toBe(true)
    expect(await store.rekey(at)).toBe(false)
    const { body, record, messages } = await rawOf(raw, at)
    const wanted = body.slice(3, 27)
    const [first, second, ...others] = body.slice(3).split('.')[0]!.match(/.{24}/g)!
    expect([first, others]).toEqual([wanted, []])
    expect(second).not.toBe(wanted)
    expect(
      new Set([record.title!, ...messages.map(({ payload }) => payload)].map((text) => text.slice(3, 27))),
    ).toEqual(new Set([wanted]))
    expect(await payloadsOf(sealed(raw))).toEqual(before)
    expect(await store.rekey({ ...at, id: 'none' })).toBe(false)
  })

  it('sees a title, and a message, that another key has sealed', async () => {
    for (const part of ['title', 'message', 'late message'] as const) {
      const raw = memoryStore()
      const store = sealed(raw)
      await store.commit(at, {
        revision: 0,
        title: 'title',
        messages: messagesOf(part === 'late message' ? 230 : 2),
      })
      const older = await rawOf(raw, at)
      await store.commit(at, { revision: 1, body: 'bound', title: 'title', userId: 'alice' })
      await store.rekey(at)
      await tamper(raw, at, (copy) => ({
        ...copy,
        ...(part === 'title' ? { record: { title: older.record.title! } } : { record: {} }),
        messages: copy.messages.map((stored, index) =>
          (part === 'message' && index === 1) || (part === 'late message' && index === 220)
            ? { ...stored, payload: older.messages[index]!.payload }
            : stored,
        ),
      }))
      expect([part, await sealed(raw).rekey(at)]).toEqual([part, true])
      expect([part, await sealed(raw).rekey(at)]).toEqual([part, false])
    }
  })

  it('leaves a session of which something cannot be opened, and names it', async () => {
    const raw = memoryStore()
    const store = sealed(raw)
    await store.commit(at, { revision: 0, title: 'title', messages: messagesOf(2) })
    await store.commit(at, { revision: 1, body: 'bound', userId: 'alice' })
    const other = (text: string) => `${text.slice(0, -6)}${text.at(-6) === 'A' ? 'B' : 'A'}${text.slice(-5)}`
    await tamper(raw, at, (copy) => ({ ...copy, record: { title: other(copy.record.title!) } }))
    const before = await rawOf(raw, at)
    const { store: watching } = watched(raw)
    expect(await codeOf(watching.rekey(at))).toBe('corrupt')
    expect(await rawOf(raw, at)).toEqual(before)
  })

  it('gives a session up that is written to all the time, and goes on with the others', async () => {
    const raw = memoryStore()
    for (const id of ['s1', 's2', 's3']) await raw.commit({ ...at, id }, { revision: 0, body: 'plain' })
    const restore: SessionStore['restore'] = async (ref, copy) =>
      ref.id === 's2' ? fails('conflict')() : raw.restore(ref, copy)
    const store = sealed({ ...raw, restore }, { mode: 'migrate' })
    const report = await store.encryptExisting({ tenantId: 'acme', limit: 9 })
    expect(report).toMatchObject({
      done: 2,
      failures: [{ tenantId: 'acme', id: 's2', error: { code: 'conflict' } }],
    })
    expect(report.cursor).toBeUndefined()
    for (const id of ['s1', 's3']) expect((await rawOf(raw, { ...at, id })).body).not.toContain('plain')
    expect((await rawOf(raw, { ...at, id: 's2' })).body).toBe('plain')
    const full = sealed({ ...raw, restore: fails('store_full') }, { mode: 'migrate' })
    expect(await codeOf(full.encryptExisting({ tenantId: 'acme', limit: 9 }))).toBe('store_full')
    const first = await sealed(raw, { mode: 'migrate' }).encryptExisting({ tenantId: 'acme', limit: 1 })
    expect(first).toMatchObject({ failures: [], cursor: expect.any(String) })
  })
})
