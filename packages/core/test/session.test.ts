import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore } from '../src/index.js'
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

describe('a cart that a visitor brings along', () => {
  it('joins the one their user has, in one change, once, and leaves the other as it is', async () => {
    const mine = service().for(alice)
    const earlier = await mine.create({ cart: [phone, { ...phone, sku: 'P2', metadata: { color: 'red' } }] })
    const session = await mine.create({ cart: [{ ...phone, quantity: 2 }] })
    const { revision } = session.record
    for (let sent = 0; sent < 2; sent++) {
      await session.cart.merge(await earlier.cart.get(), { changeId: 'sign-in' })
    }
    const { items } = await session.cart.get()
    expect(items).toMatchObject([
      { sku: 'P1', quantity: 3 },
      { sku: 'P2', quantity: 1, metadata: { color: 'red' } },
    ])
    expect(session.record.revision).toBe(revision + 1)
    expect((await earlier.cart.get()).items).toHaveLength(2)
    expect((await session.info()).cart).toMatchObject({ added: 4, itemCount: 4 })
  })

  it('is refused whole in another currency', async () => {
    const mine = service().for(alice)
    const earlier = await mine.create({ cart: [{ ...phone, price: { amount: 1, currency: 'JPY' } }] })
    const session = await mine.create({ cart: [phone] })
    await expect(session.cart.merge(await earlier.cart.get())).rejects.toMatchObject({
      code: 'invalid',
      path: 'items[0].price.currency',
    })
    expect((await session.cart.get()).items).toHaveLength(1)
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
