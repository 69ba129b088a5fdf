import { describe, expect, it } from 'vitest'
import { copySessions, createSessions, memoryStore, newId, type SessionStore } from '../../src/index.js'
import { encryptedStore, staticKeyring } from '../../src/sealed.js'
import { haltingStore, wrapStore } from '../../src/testing.js'
import { changingStore } from '../changing-store.js'
import { alice } from '../service.js'

/** A store with sessions of two tenants: long, short, amended, trimmed, named, with keyed requests beside them. */
async function filledStore(): Promise<SessionStore> {
  const store = memoryStore()
  for (const tenantId of ['acme', 'globex']) {
    for (let n = 0; n < 7; n++) {
      const ref = { tenantId, id: `s${n}` }
      const messages = Array.from({ length: n * 250 }, (_, index) => ({
        id: `m${index}`,
        payload: `{"n":${index}}`,
      }))
      await store.commit(ref, {
        revision: 0,
        body: `body ${n}`,
        messages,
        userId: `user ${n % 2}`,
        title: `Title ${n}`,
      })
    }
    await store.amend({ tenantId, id: 's1' }, [{ seq: 2, payload: 'amended' }])
    await store.trim({ tenantId, id: 's5' }, 600)
    await store.commit({ tenantId, id: 's6' }, { idleMs: 3_600_000 })
  }
  return store
}

async function expectEqual(from: SessionStore, to: SessionStore): Promise<void> {
  for (const tenantId of ['acme', 'globex']) {
    const query = { tenantId, limit: 100 }
    expect(await to.list(query)).toEqual(await from.list(query))
    for (let n = 0; n < 7; n++) {
      const ref = { tenantId, id: `s${n}` }
      expect(await to.read(ref, { tail: 2000 })).toEqual(await from.read(ref, { tail: 2000 }))
    }
  }
}

const tenants = ['acme', 'globex']

describe('copySessions', () => {
  it('makes the other store equal, and says what it did', async () => {
    const from = await filledStore()
    const to = memoryStore()
    const progress: number[] = []
    const report = await copySessions(from, to, {
      tenants,
      onProgress: ({ copied }) => progress.push(copied),
    })
    const messages = 2 * (250 + 500 + 750 + 1000 + 1250 - 600 + 1500)
    expect(report).toEqual({
      copied: 14,
      unchanged: 0,
      messages,
      complete: true,
      conflicts: [],
      failures: [],
      extra: [],
    })
    expect(progress[0]).toBe(7)
    await expectEqual(from, to)
  })

  it('copies nothing that is there, and what has changed since', async () => {
    const from = await filledStore()
    const to = memoryStore()
    await copySessions(from, to, { tenants })
    expect(await copySessions(from, to, { tenants })).toMatchObject({
      copied: 0,
      unchanged: 14,
      messages: 0,
      complete: true,
    })
    await from.commit({ tenantId: 'acme', id: 's3' }, { messages: [{ id: 'new', payload: '{}' }] })
    expect(await copySessions(from, to, { tenants })).toMatchObject({
      copied: 1,
      unchanged: 13,
      complete: true,
    })
    await expectEqual(from, to)
  })

  it('goes on where it was cut off, at whichever call of either store', async () => {
    const from = await filledStore()
    const counted = haltingStore(memoryStore())
    await copySessions(from, counted.store, { tenants })
    for (const side of ['from', 'to'] as const) {
      for (const call of [1, 2, 5, 11, 23, 37]) {
        for (const when of ['before', 'after'] as const) {
          const to = memoryStore()
          const halting = haltingStore(side === 'from' ? from : to, { call, when })
          void copySessions(side === 'from' ? halting.store : from, side === 'to' ? halting.store : to, {
            tenants,
          })
          await halting.died
          expect(await copySessions(from, to, { tenants })).toMatchObject({ complete: true })
          await expectEqual(from, to)
        }
      }
    }
  })

  it('begins a session anew that is written while it is copied', async () => {
    const from = await filledStore()
    const to = memoryStore()
    let written = 0
    const { store } = changingStore(from, () => {
      if (written === 3) return undefined
      return from.commit(
        { tenantId: 'globex', id: 's6' },
        { messages: [{ id: `late ${written++}`, payload: '{}' }] },
      )
    })
    expect(await copySessions(store, to, { tenants })).toMatchObject({ complete: true })
    await expectEqual(from, to)
  })

  it('leaves a newer session alone, and another one, and names them', async () => {
    const from = await filledStore()
    const to = memoryStore()
    await copySessions(from, to, { tenants: ['acme'] })
    await to.commit({ tenantId: 'acme', id: 's2' }, { body: 'newer', revision: 1 })
    await to.remove({ tenantId: 'acme', id: 's4' })
    await to.commit({ tenantId: 'acme', id: 's4' }, { revision: 0, body: 'another' })
    await to.commit({ tenantId: 'acme', id: 'own' }, { revision: 0 })
    const report = await copySessions(from, to, { tenants: ['acme'] })
    expect(report).toMatchObject({ complete: false, copied: 0, extra: [{ tenantId: 'acme', id: 'own' }] })
    expect(report.conflicts.map(({ id }) => id).toSorted()).toEqual(['s2', 's4'])
    expect((await to.read({ tenantId: 'acme', id: 's2' }))?.body).toBe('newer')
    expect((await to.read({ tenantId: 'acme', id: 's4' }))?.body).toBe('another')
  })

  it('goes on after a session that cannot be read, and names it', async () => {
    const from = await filledStore()
    const to = memoryStore()
    const poisoned: SessionStore = {
      ...from,
      read: async (ref, options) => {
        if (ref.id !== 's3') return from.read(ref, options)
        const { SessionError } = await import('../../src/index.js')
        throw new SessionError('corrupt', 'cannot be read')
      },
    }
    const report = await copySessions(poisoned, to, { tenants: ['acme'] })
    expect(report).toMatchObject({
      copied: 6,
      complete: false,
      failures: [{ id: 's3', error: { code: 'corrupt' } }],
    })
  })

  it('takes along the records beside sessions, so that a keyed question is not answered twice', async () => {
    const from = memoryStore()
    const ask = async (store: SessionStore): Promise<string> => {
      const sessions = createSessions({ store, onWarning: () => {} })
      const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).open('chat')
      const turn = session.turn({ id: 'm1', role: 'user', content: 'hello' }, () => `answer ${newId()}`)
      const { text } = await turn.result
      await sessions.close()
      return text
    }
    const first = await ask(from)
    const to = memoryStore()
    expect(await copySessions(from, to, { tenants: ['acme'] })).toMatchObject({ complete: true })
    expect(await ask(to)).toBe(first)
  })

  it('takes along the keys of an encrypted store over the two, and copies from one encrypted store to another', async () => {
    const over = (store: SessionStore) =>
      encryptedStore(store, {
        keyring: staticKeyring({ current: 'a', keys: { a: Buffer.alloc(32, 1) } }),
        indexKey: Buffer.alloc(32, 2),
      })
    const from = memoryStore()
    const sessions = createSessions({ store: over(from) })
    await (await sessions.for(alice).create({ id: 'one' })).append({ role: 'user', content: 'sealed' })
    for (const wrap of [over, (store: SessionStore) => store]) {
      const to = memoryStore()
      const report = await copySessions(wrap(from), wrap(to), { tenants: ['acme'] })
      expect(report).toMatchObject({ complete: true, failures: [], conflicts: [] })
      const copied = await createSessions({ store: over(to) })
        .for(alice)
        .get('one')
      expect((await copied.history()).messages).toMatchObject([{ content: 'sealed' }])
    }
  })

  it('copies what a filter lets through, and nothing beside it', async () => {
    const from = await filledStore()
    const to = memoryStore()
    const report = await copySessions(from, to, { tenants, filter: ({ userId }) => userId === 'user 1' })
    expect(report).toMatchObject({ copied: 6, complete: true })
    expect((await to.list({ tenantId: 'acme', limit: 10 })).items.map(({ id }) => id).toSorted()).toEqual([
      's1',
      's3',
      's5',
    ])
  })

  it('asks a store again whose answers get lost', async () => {
    const from = await filledStore()
    const to = memoryStore()
    let calls = 0
    const losing = wrapStore(to, async (method, call) => {
      const answer = await call()
      if (method === 'restore' && ++calls % 2 === 1) {
        const { SessionError } = await import('../../src/index.js')
        throw new SessionError('unknown_outcome', 'lost')
      }
      return answer
    })
    expect(await copySessions(from, losing, { tenants })).toMatchObject({ complete: true, copied: 14 })
    await expectEqual(from, to)
  })

  it('ends when its signal says so, and refuses options that nobody reads', async () => {
    const from = await filledStore()
    const ending = new AbortController()
    ending.abort(new Error('enough'))
    await expect(copySessions(from, memoryStore(), { tenants, signal: ending.signal })).rejects.toThrow(
      'enough',
    )
    const options = { tenants, tenant: 'acme' }
    await expect(copySessions(from, memoryStore(), options)).rejects.toMatchObject({
      code: 'invalid',
      path: 'tenant',
    })
  })

  it('refuses tenants that are a text, whose letters would be tenants, and what is no tenant', async () => {
    const [from, to] = [await filledStore(), memoryStore()]
    for (const wrong of ['acme', [''], [undefined], undefined] as unknown as string[][])
      await expect(copySessions(from, to, { tenants: wrong })).rejects.toMatchObject({
        code: 'invalid',
        path: 'tenants',
      })
  })
})

it('says that tenants are missing, where no options are given', async () => {
  const copy = copySessions as (from: SessionStore, to: SessionStore) => Promise<unknown>
  await expect(copy(memoryStore(), memoryStore())).rejects.toMatchObject({ code: 'invalid', path: 'tenants' })
})
