import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { alice, bob, codeOf, service } from '../service.js'
import { dumpOf, erasing, settings, user } from './user-data.js'

const dayMs = 24 * 3_600_000
const tenants = ['acme']
const phone = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }
const said = { role: 'user' as const, content: 'hello' }

/** A store with a clock that the test moves on, and services over it, or over what the test makes of it. */
function aging() {
  let now = Date.now()
  const store = memoryStore({ clock: () => now })
  const over = (options: SessionsOptions = {}, changed: Partial<SessionStore> = {}) =>
    service({
      ...settings,
      ttl: { idleMs: Infinity, absoluteMs: Infinity },
      ...options,
      store: { ...store, ...changed },
    })
  return { store, over, pass: (days: number) => void (now += days * dayMs) }
}

/** Sweeps what is past its deadline first, which is none of retention's business. */
async function retain(sessions: ReturnType<typeof service>, limit = 500): Promise<number> {
  await sessions.sweep()
  return sessions.sweep({ tenants, limit })
}

describe('retention of what is remembered', () => {
  it('removes it when nothing was remembered for so long, up to the limit, in pages of any size', async () => {
    const { store, over, pass } = aging()
    const onePerPage: SessionStore['list'] = async (query) => store.list({ ...query, limit: 1 })
    const sessions = over({ retention: { memoryMs: dayMs } }, { list: onePerPage })
    const remember = async (userId: string) => {
      const mine = sessions.for({ tenantId: 'acme', userId })
      await (
        await mine.create({ messages: [said] })
      ).remember({ text: `${userId} likes red` }, { scope: 'user' })
      return mine
    }
    const [one, other, third] = [await remember('a'), await remember('b'), await remember('c')]
    const kept = async () =>
      Promise.all([one, other, third].map(async (mine) => (await mine.memory.list()).length))
    pass(0.99)
    expect(await retain(sessions)).toBe(0)
    await third.memory.list()
    await (await third.create({ messages: [said] })).remember({ text: 'C likes blue' }, { scope: 'user' })
    pass(0.01)
    expect(await retain(sessions, 1)).toBe(1)
    expect((await kept()).reduce((sum, count) => sum + count)).toBe(3)
    expect(await retain(sessions, 1)).toBe(1)
    expect(await kept()).toEqual([0, 0, 2])
    expect(await retain(sessions)).toBe(0)
    pass(1)
    expect(await retain(sessions)).toBe(1)
    expect(await kept()).toEqual([0, 0, 0])
  })

  /** Each call asks a service that was just started, which learns the time from the store. */
  function remembering() {
    const { store, over, pass } = aging()
    const limited = (changed = {}) => over({ retention: { memoryMs: dayMs } }, changed)
    const remember = async (text: string) => {
      const session = await limited()
        .for(alice)
        .create({ messages: [said] })
      await session.remember({ text }, { scope: 'user' })
    }
    const listed = async () => (await limited().for(alice).memory.list()).map(({ text }) => text)
    return { store, limited, pass, remember, listed }
  }

  it('forgets each fact from when it was remembered, though others are newer', async () => {
    const { store, limited, pass, remember, listed } = remembering()
    const stored = async () => {
      const { items } = await store.list({ tenantId: '~memory:acme', limit: 10 })
      return (await Promise.all(items.map(async (item) => (await store.read(item))!.body))).join()
    }
    await remember('likes red')
    pass(0.7)
    await remember('likes blue')
    pass(0.5)
    expect(await listed()).toEqual(['likes blue'])
    expect(await stored()).toContain('likes red')
    expect(await retain(limited())).toBe(1)
    expect(await stored()).not.toContain('likes red')
    expect(await retain(limited())).toBe(0)
    pass(0.6)
    expect(await listed()).toEqual([])
    expect(await retain(limited())).toBe(1)
    expect(await stored()).toBe('')
  })

  it('leaves a fact that is remembered while the old ones are forgotten', async () => {
    const { store, limited, pass, remember, listed } = remembering()
    await remember('likes red')
    pass(0.7)
    await remember('likes blue')
    pass(0.5)
    let isDone = false
    const commit: SessionStore['commit'] = async (ref, change) => {
      const isFirst = ref.tenantId === '~memory:acme' && !isDone
      isDone ||= isFirst
      if (isFirst) await remember('likes green')
      return store.commit(ref, change)
    }
    // What is remembered meanwhile has dropped the old ones, too.
    expect(await retain(limited({ commit }))).toBe(0)
    expect(await listed()).toEqual(['likes blue', 'likes green'])
  })

  it('leaves what is remembered just then', async () => {
    const { store, over, pass } = aging()
    const session = await over()
      .for(alice)
      .create({ messages: [said] })
    await session.remember({ text: 'likes red' }, { scope: 'user' })
    pass(2)
    const remove: SessionStore['remove'] = async (ref, guard) => {
      if (ref.tenantId === '~memory:acme') await session.remember({ text: 'likes blue' }, { scope: 'user' })
      return store.remove(ref, guard)
    }
    expect(await retain(over({ retention: { memoryMs: dayMs } }, { remove }))).toBe(0)
    expect(await over().for(alice).memory.list()).toHaveLength(2)
    const away: SessionStore['remove'] = async (ref, guard) => {
      if (ref.tenantId === '~memory:acme') throw new SessionError('unavailable', 'away')
      return store.remove(ref, guard)
    }
    pass(2)
    expect(await codeOf(retain(over({ retention: { memoryMs: dayMs } }, { remove: away })))).toBe(
      'unavailable',
    )
  })
})

describe('retention of messages', () => {
  it('is told, once, with how far the history is gone', async () => {
    const { over, pass } = aging()
    const sessions = over({ retention: { messagesMs: 2 * dayMs, cartMs: dayMs } })
    const session = await sessions.for(alice).create({ messages: [said, said], cart: [phone] })
    const told = () => sessions.events.filter(({ type }) => type === 'history.expired')
    pass(1)
    expect(await retain(sessions)).toBe(1)
    expect(told()).toEqual([])
    pass(1)
    expect(await retain(sessions)).toBe(1)
    expect(told()).toMatchObject([{ sessionId: session.id, throughSeq: 2, actor: 'system' }])
    expect(await retain(sessions)).toBe(0)
    expect(told()).toHaveLength(1)
  })

  it('goes on where a process died before the messages were gone', async () => {
    const { store, over, pass } = aging()
    const retention = { messagesMs: dayMs }
    const session = await over()
      .for(alice)
      .create({ messages: [said, said] })
    pass(1)
    const trim: SessionStore['trim'] = async () => {
      throw new SessionError('unavailable', 'away')
    }
    expect(await codeOf(retain(over({ retention }, { trim })))).toBe('unavailable')
    expect((await store.read(session.ref, { tail: 9 }))!.messages).toHaveLength(2)
    pass(1)
    expect(await retain(over({ retention }))).toBe(1)
    expect((await store.read(session.ref, { tail: 9 }))!.messages).toEqual([])
  })

  it('reaches those of every branch, and every page of the list', async () => {
    const { store, over, pass } = aging()
    const list: SessionStore['list'] = async (query) => store.list({ ...query, limit: 2 })
    const sessions = over({ retention: { messagesMs: dayMs } }, { list })
    for (let count = 0; count < 5; count++) {
      const session = await sessions.for(alice).create({ messages: [said, said, said] })
      await session.rewind(1)
      await session.append(said)
    }
    pass(1)
    expect(await retain(sessions)).toBe(5)
    expect(await dumpOf(store, 'acme')).not.toContain('hello')
  })
})

describe('a session that is not as it was listed', () => {
  const retention = { cartMs: dayMs, messagesMs: dayMs }
  const scene = async () => {
    const all = aging()
    const mine = all.over().for(alice)
    await mine.create({ id: 's1', cart: [phone], messages: [said] })
    all.pass(2)
    return { ...all, mine }
  }

  it('is left: it is gone, or another has its id', async () => {
    for (const isNew of [false, true]) {
      const { store, over, mine } = await scene()
      let asked = 0
      const read: SessionStore['read'] = async (ref, options) => {
        if (ref.id === 's1' && asked++ === 0) {
          await store.remove(ref)
          if (isNew) await mine.create({ id: 's1', cart: [phone], messages: [said] })
        }
        return store.read(ref, options)
      }
      expect(await retain(over({ retention }, { read }))).toBe(0)
      expect(asked).toBeGreaterThan(0)
      const left = await store.read({ tenantId: 'acme', id: 's1' }, { tail: 9 })
      expect(left?.messages.length).toBe(isNew ? 1 : undefined)
    }
  })

  it('is left when it goes, or is written to, while it is changed', async () => {
    for (const code of ['conflict', 'not_found'] as const) {
      const { store, over } = await scene()
      const commit: SessionStore['commit'] = async (ref, change) => {
        if (ref.id === 's1') throw new SessionError(code, 'just now')
        return store.commit(ref, change)
      }
      expect(await retain(over({ retention }, { commit }))).toBe(0)
    }
    const { store, over } = await scene()
    const commit: SessionStore['commit'] = async (ref, change) => {
      if (ref.id === 's1') throw new SessionError('store_full', 'no room')
      return store.commit(ref, change)
    }
    expect(await codeOf(retain(over({ retention }, { commit })))).toBe('store_full')
  })

  it('keeps the messages of the session that has taken its place before they are trimmed', async () => {
    const { store, over, mine } = await scene()
    const trim: SessionStore['trim'] = async (ref, through, guard) => {
      await store.remove(ref)
      await mine.create({ id: 's1', messages: [said] })
      return store.trim(ref, through, guard)
    }
    await codeOf(retain(over({ retention }, { trim })))
    expect((await store.read({ tenantId: 'acme', id: 's1' }, { tail: 9 }))!.messages).toHaveLength(1)
  })
})

describe('retention of several classes', () => {
  it('looks again before each of them is due, in whatever order they are given', async () => {
    for (const retention of [
      { documentsMs: 10 * dayMs, cartMs: 2 * dayMs, factsMs: 3 * dayMs },
      { documentsMs: 3 * dayMs, cartMs: 10 * dayMs, factsMs: 2 * dayMs },
    ]) {
      const { over, pass } = aging()
      const sessions = over({ retention })
      const session = await sessions.for(alice).create({ cart: [phone] })
      await session.remember({ text: 'likes red' })
      const counts: number[] = []
      for (let day = 1; day <= 10; day++) {
        pass(1)
        counts.push(await retain(sessions))
      }
      const due = [retention.cartMs, retention.factsMs].map((ms) => ms / dayMs)
      expect(counts).toEqual(Array.from({ length: 10 }, (_, index) => (due.includes(index + 1) ? 1 : 0)))
    }
  })

  it('takes documents out of the answers of a session of nobody, and leaves all else that they say', async () => {
    const { store, over, pass } = aging()
    const sessions = over({ retention: { documentsMs: dayMs } })
    const session = await sessions.for({ tenantId: 'acme' }).create()
    const answer = [{ type: 'document' as const, document: { id: 'd1', title: 'a canary' } }, 'found']
    await session.turn('and?', () => answer).result
    await session.turn('more?', () => 'nothing more').result
    const before = (await store.read(session.ref, { tail: 9 }))!.messages.map(({ payload }) => payload)
    pass(1)
    expect(await retain(sessions)).toBe(1)
    const after = (await store.read(session.ref, { tail: 9 }))!.messages.map(({ payload }) => payload)
    expect(JSON.stringify(after)).not.toContain('canary')
    expect(after.map((payload, index) => payload === before[index])).toEqual([true, false, true, true])
    const [, was] = before.map((payload) => JSON.parse(payload) as { metadata: Record<string, unknown> })
    const { documents: _, ...metadata } = was!.metadata
    expect(JSON.parse(after[1]!)).toEqual({ ...was, metadata })
  })
})

describe('retention of what is known of users', () => {
  const says = (granted: boolean) => ({ purpose: 'newsletter', granted, version: '1', source: 'page' })

  it('drops what is due alone, and counts those of whom it drops anything, up to the limit', async () => {
    const { over, pass } = aging()
    const retention = { auditMs: 3 * dayMs, analyticsMs: dayMs }
    const consent = { unsaid: { analytics: true } }
    const sessions = over({ retention, consent })
    for (const each of [alice, bob]) {
      await sessions.consent.set(each, says(true))
      await sessions.consent.set(each, says(false))
    }
    const before = await sessions.privacy.pseudonym(alice)
    const historyOf = async (of: typeof alice) => (await sessions.consent.get(of)).history.length
    pass(1)
    expect(await retain(sessions)).toBe(1)
    expect(await historyOf(alice)).toBe(2)
    expect(await retain(sessions)).toBe(0)
    pass(3)
    expect(await retain(sessions, 1)).toBe(1)
    expect([await historyOf(alice), await historyOf(bob)].toSorted()).toEqual([0, 2])
    expect(await retain(sessions, 1)).toBe(1)
    expect([await historyOf(alice), await historyOf(bob)]).toEqual([0, 0])
    expect(await retain(sessions)).toBe(0)
    expect((await sessions.consent.get(alice)).purposes['newsletter']?.granted).toBe(false)
    expect(await sessions.privacy.pseudonym(alice)).not.toBe(before)
  })

  it('leaves the record of an erasure, which nobody may forget while it runs', async () => {
    const { over, pass } = aging()
    const onErase = [async () => Promise.reject(new Error('no'))]
    const sessions = over({ consent: {}, privacy: { onErase } })
    await sessions.consent.set(user, says(true))
    await sessions.consent.set(user, says(false))
    await codeOf(sessions.privacy.erase(erasing))
    pass(3)
    const retention = { auditMs: dayMs, analyticsMs: dayMs }
    // The sweep goes on with the erasure first, which fails again.
    const swept = over({ consent: {}, retention, privacy: { onErase } })
    expect(await codeOf(swept.sweep({ tenants }))).toBe('Error: no')
    expect(await swept.privacy.erasure(user)).toMatchObject({ status: 'running' })
  })
})

it('refuses a list of tenants that is none, with its path', async () => {
  const { over } = aging()
  for (const wrong of ['acme', 7, null, {}, [''], ['~users:acme'], [7], [null]]) {
    const error: unknown = await over()
      .sweep({ tenants: wrong as never })
      .catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'invalid', path: 'tenants' })
  }
  expect(await over().sweep(null as never)).toBe(0)
})
