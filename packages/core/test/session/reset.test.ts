import { describe, expect, it } from 'vitest'
import { SessionError, type SessionStore, createSessions, memoryStore } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 99_900, currency: 'USD' } }
const said = (...contents: string[]) => contents.map((content) => ({ role: 'user' as const, content }))
const contents = (page: { messages: readonly { content: unknown }[] }) =>
  page.messages.map(({ content }) => content)

describe('reset', () => {
  it('clears the conversation and keeps the rest', async () => {
    const session = await service()
      .for(alice)
      .create({ state: { a: 1 }, preferences: { b: 2 }, cart: [phone], title: 'T' })
    await session.append(said('a', 'b'))
    await session.reset()
    expect(await session.history({ branch: 'all' })).toEqual({ messages: [] })
    await session.append(said('c'))
    expect(contents(await session.history())).toEqual(['c'])
    expect(await session.state.get()).toEqual({ a: 1 })
    expect(await session.preferences.get()).toEqual({ b: 2 })
    expect((await session.cart.get()).items).toHaveLength(1)
    expect(session.record.title).toBe('T')
  })

  it('also clears what another handle appended meanwhile', async () => {
    const store = memoryStore()
    const one = await createSessions({ store }).for(alice).open('one')
    const two = await createSessions({ store }).for(alice).open('one')
    await two.append(said('a', 'b', 'c'))
    await one.reset()
    expect(await two.history({ branch: 'all' })).toEqual({ messages: [] })
  })

  it('drops the messages when it is asked for again after it died on the way, and none that came since', async () => {
    const store = memoryStore()
    const away = async () => Promise.reject(new SessionError('unavailable', 'The store is away.'))
    const dying = await createSessions({ store: { ...store, trim: away } })
      .for(alice)
      .open('one')
    await dying.append(said('a', 'b'))
    expect(await codeOf(dying.reset({ changeId: 'first' }))).toBe('unavailable')
    const session = await createSessions({ store }).for(alice).get('one')
    await session.append(said('c', 'd'))
    await session.rewind(3)
    await session.reset({ changeId: 'first' })
    expect(contents(await session.history({ branch: 'all' }))).toEqual(['c', 'd'])
    expect(contents(await session.history())).toEqual(['c'])
  })
})

describe('delete', () => {
  it('is final: no handle brings the session back', async () => {
    const store = memoryStore()
    const one = await createSessions({ store }).for(alice).open('one')
    const two = await createSessions({ store }).for(alice).open('one')
    await one.delete()
    expect(await codeOf(one.delete())).toBe('not_found')
    await createSessions({ store }).for(alice).create({ id: 'one' })
    for (const write of [
      () => two.append(said('late')),
      () => two.cart.add(phone),
      () => two.state.merge({ late: true }),
      () => two.edit({ title: 'late' }),
      () => two.history(),
    ]) {
      expect(await codeOf(write())).toBe('not_found')
    }
  })
})

describe('an answer that got lost', () => {
  /** A store that does the work, and every other time loses the answer of a commit. */
  function forgetful(): SessionStore {
    const store = memoryStore()
    let calls = 0
    return {
      ...store,
      commit: async (ref, change) => {
        const committed = await store.commit(ref, change)
        if (++calls % 2 === 1) throw new SessionError('unknown_outcome', 'the answer got lost')
        return committed
      },
    }
  }

  it('neither loses nor doubles a change', async () => {
    const mine = createSessions({ store: forgetful() }).for(alice)
    const session = await mine.create({ id: 'one' })
    for (let index = 0; index < 10; index++) {
      await session.cart.add(phone)
      await session.append(said(`m${index}`))
      await session.state.update((state) => ({ n: Number(state['n'] ?? 0) + 1 }))
    }
    expect((await session.cart.get()).items).toMatchObject([{ quantity: 10 }])
    expect(contents(await session.history())).toEqual(Array.from({ length: 10 }, (_, index) => `m${index}`))
    expect(await session.state.get()).toEqual({ n: 10 })
  })
})
