import { describe, expect, it, vi } from 'vitest'
import { type Session, type SessionStore, createSessions, memoryStore } from '../../src/index.js'
import { alice, service } from '../service.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 99_900, currency: 'USD' } }
const said = (...contents: string[]) => contents.map((content) => ({ role: 'user' as const, content }))
const contents = (page: { messages: readonly { content: unknown }[] }) =>
  page.messages.map(({ content }) => content)

describe('history', () => {
  it('pages both ways', async () => {
    const session = await service().for(alice).create()
    await session.append(said(...Array.from({ length: 10 }, (_, index) => `${index + 1}`)))
    const newest = await session.history({ limit: 4 })
    expect(contents(newest)).toEqual(['7', '8', '9', '10'])
    expect(newest.after).toBeUndefined()
    const middle = await session.history({ limit: 4, before: newest.before! })
    expect(contents(middle)).toEqual(['3', '4', '5', '6'])
    const oldest = await session.history({ limit: 4, before: middle.before! })
    expect(contents(oldest)).toEqual(['1', '2'])
    expect(oldest.before).toBeUndefined()
    expect(contents(await session.history({ limit: 4, after: oldest.after! }))).toEqual(['3', '4', '5', '6'])
    const last = await session.history({ limit: 4, after: 6 })
    expect(contents(last)).toEqual(['7', '8', '9', '10'])
    expect(last.after).toBeUndefined()
    expect(await session.history({ after: 10 })).toEqual({ messages: [] })
  })

  it.each([{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { before: 3, after: 1 }])(
    'refuses %j',
    async (options) => {
      const session = await service().for(alice).create()
      await expect(session.history(options)).rejects.toMatchObject({ code: 'invalid' })
    },
  )

  it('reads the newest page in one round trip', async () => {
    const store = memoryStore()
    const session = await createSessions({ store }).for(alice).create()
    await session.append(said('a', 'b', 'c'))
    const calls = Object.keys(store).map((method) => vi.spyOn(store, method as keyof SessionStore))
    await session.history({ limit: 2 })
    expect(calls.reduce((sum, call) => sum + call.mock.calls.length, 0)).toBe(1)
  })
})

describe('rewind and branches', () => {
  it('goes back, keeps the old way as a branch, and can return to it', async () => {
    const session = await service().for(alice).create()
    await session.append(said('1', '2', '3', '4'))
    const left = await session.rewind(2)
    expect(contents(await session.history())).toEqual(['1', '2'])
    await session.append(said('5', '6'))
    expect(contents(await session.history())).toEqual(['1', '2', '5', '6'])
    expect(contents(await session.history({ branch: 'all' }))).toEqual(['1', '2', '3', '4', '5', '6'])
    const page = await session.history({ limit: 3 })
    expect(contents(page)).toEqual(['2', '5', '6'])
    expect(contents(await session.history({ before: page.before! }))).toEqual(['1'])
    expect(contents(await session.history({ after: 0, limit: 3 }))).toEqual(['1', '2', '5'])

    await session.switchBranch(left.id)
    expect(contents(await session.history())).toEqual(['1', '2', '3', '4'])
    await session.append(said('7'))
    expect(contents(await session.history())).toEqual(['1', '2', '3', '4', '7'])
    const [other] = await session.branches()
    await session.switchBranch(other!.id)
    expect(contents(await session.history())).toEqual(['1', '2', '5', '6'])
    await session.rewind(0)
    expect(await session.history()).toEqual({ messages: [] })
    expect((await session.info()).messages.total).toBe(0)
  })

  it('refuses a message that is not on the branch, and an unknown branch', async () => {
    const session = await service().for(alice).create()
    await session.append(said('1', '2'))
    await session.rewind(1)
    for (const seq of [2, 3, 99, -1, 0.5]) {
      await expect(session.rewind(seq)).rejects.toMatchObject({ code: 'invalid', path: 'toSeq' })
    }
    await expect(session.switchBranch('nope')).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('fork', () => {
  it('takes messages, state, preferences and cart along, with lineage, and leaves the source alone', async () => {
    const sessions = service()
    const mine = sessions.for(alice)
    const source = await mine.create({ title: 'T', state: { a: 1 }, preferences: { b: 2 }, cart: [phone] })
    const [, second] = await source.append(said('1', '2', '3'))
    const fork = await mine.fork(source, { atSeq: second!.seq })
    expect(contents(await fork.history())).toEqual(['1', '2'])
    const original = (await source.history()).messages.slice(0, 2)
    expect((await fork.history()).messages).toEqual(original)
    await fork.append(said('other'))
    await fork.cart.clear()
    expect(contents(await source.history())).toEqual(['1', '2', '3'])
    expect((await source.cart.get()).items).toHaveLength(1)
    expect(fork.record.title).toBe('T')
    expect(sessions.events).toContainEqual(
      expect.objectContaining({ type: 'session.forked', fromSessionId: source.id, seq: 2 }),
    )
    const bare = await mine.fork(source, { atSeq: 0, include: [], title: 'Bare' })
    expect(await bare.history()).toEqual({ messages: [] })
    expect(await bare.state.get()).toEqual({})
    expect(bare.record.title).toBe('Bare')
    await expect(mine.fork(source, { atSeq: 99 })).rejects.toMatchObject({ code: 'invalid', path: 'atSeq' })
  })
})

describe('rewind with what takes the place of the rest', () => {
  const say = (text: string, id?: string) => ({
    role: 'user' as const,
    content: text,
    ...(id === undefined ? {} : { id }),
  })
  const texts = async (session: Session) => (await session.history()).messages.map(({ content }) => content)

  it('is one commit: history is never in between', async () => {
    const inner = memoryStore()
    let commits = 0
    const store: SessionStore = {
      ...inner,
      commit: (ref, change) => {
        commits++
        return inner.commit(ref, change)
      },
    }
    const session = await createSessions({ store }).for(alice).create()
    await session.append(['a', 'b', 'c'].map((text) => say(text, text)))
    commits = 0
    await session.rewind(1, { append: [say('B', 'B'), say('c', 'c')] })
    expect(commits).toBeLessThanOrEqual(2)
    expect(await texts(session)).toEqual(['a', 'B', 'c'])
    commits = 0
    await session.rewind(0, { append: say('all new') })
    expect(commits).toBe(1)
    expect(await texts(session)).toEqual(['all new'])
    await expect(session.rewind(0, { append: say(' ') })).rejects.toMatchObject({ code: 'invalid' })
    expect(await texts(session)).toEqual(['all new'])
  })

  it('by a program leaves the branches of people in the list', async () => {
    const session = await service().for(alice).create()
    await session.append([say('a'), say('b')])
    const chosen = await session.rewind(1)
    for (let n = 0; n < 60; n++) {
      await session.append(say(`popped ${n}`))
      await session.rewind(1, { byMachine: true })
    }
    const branches = await session.branches()
    expect(branches.filter(({ byMachine }) => byMachine === true)).toHaveLength(10)
    expect(branches.filter(({ byMachine }) => byMachine !== true)).toEqual([chosen])
    await session.switchBranch(chosen.id)
    expect(await texts(session)).toEqual(['a', 'b'])
  })
})
