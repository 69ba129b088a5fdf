import { describe, expect, it, vi } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../src/index.js'
import { alice, codeOf, service, startGate } from './service.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 99_900, currency: 'USD' } }
const said = (...contents: string[]) => contents.map((content) => ({ role: 'user' as const, content }))
const contents = (page: { messages: readonly { content: unknown }[] }) =>
  page.messages.map(({ content }) => content)

describe('append', () => {
  it('keeps 50 of 50 concurrent messages, in dense order', async () => {
    const store = memoryStore()
    const handles = await Promise.all(
      [0, 1].map((index) =>
        createSessions({ store })
          .for(alice)
          .open('one')
          .then((session) => ({ index, session })),
      ),
    )
    const gate = startGate()
    const appends = handles.flatMap(({ index, session }) =>
      Array.from({ length: 25 }, async (_, n) => {
        await gate.opened
        return session.append({ role: 'user', content: `${index}:${n}` })
      }),
    )
    gate.open()
    await Promise.all(appends)
    const { messages } = await handles[0]!.session.history({ limit: 100 })
    expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(new Set(messages.map(({ content }) => content)).size).toBe(50)
  })

  it('is all or nothing, and stores an id once', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create()
    await expect(
      session.append([
        { role: 'user', content: 'good' },
        { role: 'robot' as never, content: 'bad' },
      ]),
    ).rejects.toMatchObject({ code: 'invalid', path: 'messages[1].role' })
    const message = { id: 'm1', role: 'user' as const, content: 'Hi' }
    expect(await session.append(message)).toMatchObject([{ id: 'm1', seq: 1, inserted: true }])
    expect(await session.append(message)).toMatchObject([{ id: 'm1', seq: 1, inserted: false }])
    await expect(session.append({ ...message, content: 'Ho' })).rejects.toMatchObject({
      code: 'conflict',
      messageId: 'm1',
    })
    expect(contents(await session.history())).toEqual(['Hi'])
    expect(sessions.events.filter(({ type }) => type === 'message.appended')).toHaveLength(1)
  })

  it('stops at the limits, and stores nothing', async () => {
    const session = await service({ limits: { maxMessages: 2, maxMessageLength: 100 } })
      .for(alice)
      .create()
    await expect(session.append({ role: 'user', content: 'x'.repeat(100) })).rejects.toMatchObject({
      code: 'too_large',
    })
    await session.append(said('a', 'b'))
    await expect(session.append(said('c'))).rejects.toMatchObject({ code: 'limit_reached' })
    expect(contents(await session.history())).toEqual(['a', 'b'])
  })
})

describe('an append racing a cart add, a merge and a read', () => {
  it('leaves all effects present, 1,000 rounds', async () => {
    const store = memoryStore()
    const one = await createSessions({ store }).for(alice).open('one')
    const two = await createSessions({ store }).for(alice).open('one')
    for (let round = 0; round < 1000; round++) {
      await Promise.all([
        one.append({ role: 'user', content: `m${round}` }),
        two.cart.add(phone),
        (round % 2 === 0 ? one : two).preferences.merge({ [`p${round % 50}`]: round }),
        two.history({ limit: 1 }),
      ])
    }
    expect(one.record.lastSeq).toBe(1000)
    expect((await one.cart.get()).items).toMatchObject([{ sku: 'P1', quantity: 1000 }])
    const preferences = await two.preferences.get()
    for (let slot = 0; slot < 50; slot++) expect(preferences[`p${slot}`]).toBe(950 + slot)
  })
})

describe('the cart', () => {
  it('counts 20 concurrent adds of one sku as one line of 20', async () => {
    const store = memoryStore()
    const handles = await Promise.all([0, 1].map(() => createSessions({ store }).for(alice).open('one')))
    await Promise.all(Array.from({ length: 20 }, (_, index) => handles[index % 2]!.cart.add(phone)))
    const cart = await handles[0]!.cart.get()
    expect(cart.items).toHaveLength(1)
    expect(cart.items[0]).toMatchObject({ sku: 'P1', quantity: 20 })
  })

  it('is ordered once, whoever checks out at the same time', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create({ cart: [phone, { ...phone, sku: 'P2' }] })
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(session.cart.checkout())))
    expect(codes.filter((code) => code === 'settled')).toHaveLength(1)
    expect(codes.filter((code) => code === 'invalid')).toHaveLength(4)
    expect(await session.orders()).toMatchObject([{ total: { amount: 199_800, currency: 'USD' } }])
    expect((await session.cart.get()).items).toEqual([])
    expect(sessions.events.map(({ type }) => type)).toContain('order.placed')
  })

  it('says what was added, removed and bought', async () => {
    const session = await service().for(alice).create()
    const { items } = await session.cart.add({ ...phone, quantity: 3 })
    await session.cart.setQuantity(items[0]!.id, 2)
    await session.cart.add({ ...phone, sku: 'P2' })
    await session.cart.checkout()
    await session.cart.add(phone)
    await session.cart.clear()
    await session.cart.clear()
    expect((await session.info()).cart).toMatchObject({ added: 5, removed: 2, purchased: 3, itemCount: 0 })
  })

  it('insists on a revision when told to', async () => {
    const session = await service().for(alice).create()
    const { revision } = session.record
    await session.cart.add(phone, { ifRevision: revision })
    await expect(session.cart.add(phone, { ifRevision: revision })).rejects.toMatchObject({
      code: 'conflict',
      revision: revision + 1,
    })
  })

  it('changes nothing for bad input, whether or not the handle is up to date', async () => {
    const store = memoryStore()
    const one = await createSessions({ store }).for(alice).open('one')
    const two = await createSessions({ store }).for(alice).open('one')
    await expect(one.cart.remove('nope')).rejects.toMatchObject({ code: 'not_found' })
    const { items } = await two.cart.add(phone)
    // `one` has not seen that line yet, and finds it all the same.
    expect((await one.cart.setQuantity(items[0]!.id, 7)).items[0]!.quantity).toBe(7)
    await expect(one.cart.setQuantity(items[0]!.id, 0.5)).rejects.toMatchObject({ code: 'invalid' })
    expect((await two.cart.get()).items[0]!.quantity).toBe(7)
  })
})

describe('state and preferences', () => {
  it('change by pure functions and patches, 30 at once', async () => {
    const session = await service().for(alice).create()
    await Promise.all(
      Array.from({ length: 30 }, () =>
        session.state.update((state) => ({ ...state, n: Number(state['n'] ?? 0) + 1 })),
      ),
    )
    expect(await session.state.get()).toEqual({ n: 30 })
    await session.state.merge({ n: null, deep: { a: [], b: {} } })
    expect(await session.state.get()).toEqual({ deep: { a: [], b: {} } })
  })

  it('round-trip any JSON', async () => {
    const session = await service().for(alice).create()
    const value = {
      list: [],
      object: {},
      n: 0.30000000000000004,
      big: 1e21,
      text: '\u0000\ud800\u2028é',
      big2: '9007199254740993',
    }
    await session.state.update(() => value)
    await session.preferences.merge(value)
    expect(await session.state.get()).toEqual(value)
    expect(await session.preferences.get()).toEqual(value)
  })

  it.each([
    [{ a: { when: new Date() } }, 'state.a.when'],
    [{ a: [undefined] }, 'state.a[0]'],
    [JSON.parse('{"__proto__":1}'), 'state.__proto__'],
    ['text', 'state'],
    [{ deep: JSON.parse('['.repeat(100) + ']'.repeat(100)) }, 'state.deep'],
  ])('refuse what JSON cannot keep: %j', async (value, path) => {
    const session = await service()
      .for(alice)
      .create({ state: { kept: true } })
    await expect(session.state.update(() => value as never)).rejects.toMatchObject({
      code: 'invalid',
      path: expect.stringContaining(path),
    })
    expect(await session.state.get()).toEqual({ kept: true })
  })

  it('refuse to grow over the limit', async () => {
    const session = await service({ limits: { maxSessionLength: 2000 } })
      .for(alice)
      .create()
    await expect(session.state.merge({ x: 'y'.repeat(2000) })).rejects.toMatchObject({ code: 'too_large' })
    expect(await session.state.get()).toEqual({})
  })
})

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

describe('info', () => {
  it('counts without changing anything', async () => {
    const session = await service().for(alice).create()
    await session.append([
      { role: 'user', content: 'Which smartphones have a good camera?' },
      { role: 'assistant', content: 'Several.' },
      { role: 'user', content: 'The smartphone with the best camera, please.' },
    ])
    const before = session.record
    const info = await session.info()
    expect(info.messages).toEqual({ user: 2, assistant: 1, system: 0, tool: 0, total: 3 })
    expect(info.topics.slice(0, 2)).toEqual([
      { word: 'camera', count: 2 },
      { word: 'smartphone', count: 2 },
    ])
    expect(info.durationMs).toBe(before.updatedAt - before.createdAt)
    expect((await session.read()).record).toEqual(before)
  })
})

describe('context', () => {
  it('gives the newest messages that fit, and never half a tool call', async () => {
    const session = await service({ countTokens: () => 10 })
      .for(alice)
      .create()
    const call = { type: 'tool-call', toolCallId: 'c', toolName: 't', input: {} }
    await session.append([
      { role: 'user', content: 'first' },
      { role: 'assistant', content: [call] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', output: 1 }] },
      { role: 'user', content: 'latest' },
    ])
    for (let maxTokens = 10; maxTokens <= 60; maxTokens += 5) {
      const { messages, tokens } = await session.context({ maxTokens })
      expect(tokens).toBeLessThanOrEqual(maxTokens)
      expect(JSON.stringify(messages)).toContain('latest')
      expect(JSON.stringify(messages).includes('tool-call')).toBe(
        JSON.stringify(messages).includes('tool-result'),
      )
    }
    await expect(session.context({ maxTokens: 5 })).rejects.toMatchObject({ code: 'too_large' })
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

describe('what a handle saw', () => {
  it('is there without asking the store, until somebody else changes the body', async () => {
    const store = memoryStore()
    const [one, two] = await Promise.all([0, 1].map(() => createSessions({ store }).for(alice).open('one')))
    await one!.state.merge({ phase: 'offer' })
    expect(one!.contents).toEqual(await one!.read())
    await two!.read()
    expect(two!.contents?.state).toEqual({ phase: 'offer' })
    await one!.state.merge({ phase: 'payment' })
    expect(two!.contents?.state).toEqual({ phase: 'offer' })
    await two!.append(said('Hi'))
    expect(two!.contents).toBeUndefined()
    expect((await two!.read()).state).toEqual({ phase: 'payment' })
  })
})

describe('a pseudonym', () => {
  const secrets = ['a secret of at least 32 characters']

  it('is the same wherever the secrets are, and tells nothing', async () => {
    const store = memoryStore()
    const services = [0, 1].map(() => createSessions({ store, credentialSecrets: secrets }))
    const session = await services[0]!.for(alice).open('one')
    const again = await services[1]!.for(alice).get('one')
    const name = await session.pseudonym('tag')
    expect(name).toMatch(/^[\w-]{43}$/)
    expect(await again.pseudonym('tag')).toBe(name)
    expect(await session.pseudonym('log')).not.toBe(name)
    const other = createSessions({ store, credentialSecrets: ['another secret of 32 characters or more'] })
    expect(await (await other.for(alice).get('one')).pseudonym('tag')).not.toBe(name)
  })

  it('is not that of a session that was made anew under the id', async () => {
    const mine = createSessions({ credentialSecrets: secrets }).for(alice)
    const session = await mine.open('one')
    const name = await session.pseudonym('tag')
    await session.delete()
    expect(await (await mine.open('one')).pseudonym('tag')).not.toBe(name)
  })
})
