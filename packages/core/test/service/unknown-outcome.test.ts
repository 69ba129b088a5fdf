import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type Session, type SessionStore } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

const price = { amount: 100, currency: 'USD' }

/** A store that applies the next write, loses the answer, and then cannot be reached. */
function losesAnswers(inner: SessionStore = memoryStore()) {
  let mode: 'fine' | 'loses the answer' | 'is away' = 'fine'
  const wrap = async <T>(work: () => Promise<T>): Promise<T> => {
    if (mode === 'is away') throw new SessionError('unavailable', 'not reached')
    if (mode === 'fine') return work()
    mode = 'is away'
    await work()
    throw new SessionError('unknown_outcome', 'the answer got lost')
  }
  const store: SessionStore = {
    ...inner,
    read: (ref, options) =>
      mode === 'is away' ? wrap(() => inner.read(ref, options)) : inner.read(ref, options),
    commit: (ref, change) => wrap(() => inner.commit(ref, change)),
    remove: (ref) => wrap(() => inner.remove(ref)),
  }
  return {
    store,
    loseNext: () => (mode = 'loses the answer'),
    heal: () => (mode = 'fine'),
  }
}

describe('a write whose answer got lost, on a store that is away from then on', () => {
  const writes: [name: string, write: (session: Session) => Promise<unknown>][] = [
    ['append', (session) => session.append({ id: 'm1', role: 'user', content: 'hello' })],
    ['cart.add', (session) => session.cart.add({ sku: 'a', name: 'A', price })],
    ['preferences.merge', (session) => session.preferences.merge({ budget: 5 })],
    ['state.update', (session) => session.state.update((state) => ({ ...state, count: 1 }))],
    ['rewind', (session) => session.rewind(0)],
  ]

  it.each(writes)('%s is not said to have changed nothing', async (_name, write) => {
    const { store, loseNext } = losesAnswers()
    const session = await service({ store }).for(alice).create()
    loseNext()
    expect(await codeOf(write(session))).toBe('unknown_outcome')
  })

  it('create is not said to have made nothing', async () => {
    const { store, loseNext } = losesAnswers()
    loseNext()
    expect(await codeOf(service({ store }).for(alice).create({ id: 's1' }))).toBe('unknown_outcome')
  })

  it('delete is not said to have removed nothing', async () => {
    const { store, loseNext } = losesAnswers()
    const session = await service({ store }).for(alice).create()
    loseNext()
    expect(await codeOf(session.delete())).toBe('unknown_outcome')
  })
})

/** A store that makes the first session, lets `meanwhile` happen, and loses the answer. */
function losesCreation(meanwhile: (inner: SessionStore) => Promise<void>): SessionStore {
  const inner = memoryStore()
  let isFirst = true
  return {
    ...inner,
    async commit(ref, change) {
      const committed = await inner.commit(ref, change)
      if (change.revision !== 0 || !isFirst) return committed
      isFirst = false
      await meanwhile(inner)
      throw new SessionError('unknown_outcome', 'the answer got lost')
    },
  }
}

describe('a session whose creation was not answered', () => {
  it('is what others have made of it by then', async () => {
    const store = losesCreation(async (inner) => {
      const other = await service({ store: inner }).for(alice).get('one')
      await other.state.merge({ theirs: 1 })
      await other.cart.add({ sku: 'a', name: 'A', price })
    })
    const session = await service({ store })
      .for(alice)
      .create({ id: 'one', state: { first: 0 } })
    await session.state.merge({ ours: 2 })
    expect(await session.state.get()).toEqual({ first: 0, theirs: 1, ours: 2 })
    expect((await session.read()).cart.items).toHaveLength(1)
  })

  it('is another one when somebody has deleted it by then', async () => {
    let other: Session | undefined
    const store = losesCreation(async (inner) => {
      const theirs = service({ store: inner }).for(alice)
      other = await theirs.get('one')
      await theirs.delete('one')
    })
    const session = await service({ store }).for(alice).create({ id: 'one' })
    await session.state.merge({ ours: 2 })
    expect(await codeOf(other!.state.merge({ late: 1 }))).toBe('not_found')
    expect(await session.state.get()).toEqual({ ours: 2 })
  })
})
