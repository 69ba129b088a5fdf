import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import { memoryStore, type SessionsOptions, textOf } from '../../src/index.js'
import { admin, alice, bob, codeOf, service } from '../service.js'
import { dumpOf } from './user-data.js'

const settings = { credentialSecrets: ['a secret that all processes know, and nobody else'] }
const said = (content: string) => ({ role: 'user' as const, content })
const decision = (granted: boolean) => ({ purpose: 'memory', granted, version: '1', source: 'page' })
const nuts = { text: 'The user is allergic to nuts', subject: 'allergy' }

/** A service, and a session in which the user has said something. */
async function place(options: SessionsOptions = {}) {
  const store = memoryStore()
  const sessions = service({ store, ...settings, ...options })
  const mine = sessions.for(alice)
  const session = await mine.create({ id: 'first' })
  await session.append([said('I am allergic to nuts.'), { role: 'assistant', content: 'Noted.' }])
  return { store, sessions, mine, session }
}

const shown = async (session: Awaited<ReturnType<typeof place>>['session'], include?: ['memory']) => {
  const options = include === undefined ? {} : { include }
  const { messages } = await session.context({ maxTokens: 1000, ...options })
  const { content } = messages.at(-1)!
  return typeof content === 'string' ? [content] : content.map((part) => textOf({ content: [part] }))
}

describe('what is remembered of a user', () => {
  it('says where the user said it, and is shown in other sessions that ask for it, as a block of its own', async () => {
    const { mine, session } = await place()
    const [fact] = await session.remember(nuts, { scope: 'user', source: 'tool' })
    expect(fact).toMatchObject({ ...nuts, sessionId: 'first', seq: 1, source: 'tool' })
    expect(await mine.memory.list()).toEqual([fact])
    const second = await mine.open('second', { remember: true })
    await second.append(said('What can I eat?'))
    const day = new Date(fact!.at).toISOString().slice(0, 10)
    const block = `[What the user said in earlier conversations]\n[{"text":"${nuts.text}","said":"${day}"}]`
    expect(await shown(second)).toEqual([block, 'What can I eat?'])
    const { report } = await second.context({ maxTokens: 1000 })
    expect(report.kept.included).toEqual([{ part: 'memory', isCut: false }])
    expect(report.tokens.memory).toBeGreaterThan(0)
    const third = await mine.open('second')
    expect(await shown(third)).toEqual(['What can I eat?'])
    expect(await shown(third, ['memory'])).toEqual([block, 'What can I eat?'])
  })

  it('is replaced by what is newer on the same subject, and bounded', async () => {
    const { mine, session } = await place()
    await session.remember(nuts, { scope: 'user' })
    await session.remember({ ...nuts, text: 'Nuts are fine' }, { scope: 'user' })
    expect((await mine.memory.list()).map(({ text }) => text)).toEqual(['Nuts are fine'])
    const many = Array.from({ length: 220 }, (_, n) => ({ text: `fact ${n}` }))
    await session.remember(many, { scope: 'user' })
    expect(await mine.memory.list()).toHaveLength(200)
    const long = Array.from({ length: 60 }, (_, n) => ({ text: `${n} ${'x'.repeat(990)}` }))
    await session.remember(long, { scope: 'user' })
    const kept = await mine.memory.list()
    expect(JSON.stringify(kept).length).toBeLessThan(32_768 + 1000)
    expect(kept.at(-1)!.text).toBe(long.at(-1)!.text)
  })

  it('comes from messages of the user alone', async () => {
    const { session, sessions } = await place()
    const remember = (seq: number) => session.remember({ ...nuts, seq }, { scope: 'user' })
    expect(await codeOf(remember(2))).toBe('invalid')
    expect(await codeOf(remember(99))).toBe('invalid')
    await session.rewind(0)
    expect(await codeOf(remember(1))).toBe('invalid')
    expect(await codeOf(session.remember(nuts, { scope: 'user' }))).toBe('invalid')
    const guest = await sessions.for({ tenantId: 'acme' }).create({ messages: [said('Nuts!')] })
    expect(await codeOf(guest.remember(nuts, { scope: 'user' }))).toBe('unauthenticated')
    expect(await codeOf(session.remember(nuts, { scope: 'all' } as never))).toBe('invalid')
    expect(await codeOf(sessions.for({ tenantId: 'acme' }).memory.list())).toBe('unauthenticated')
  })

  it('needs consent to memory, and goes with it', async () => {
    const { sessions, mine, session, store } = await place({ consent: {} })
    const remember = async () => session.remember(nuts, { scope: 'user' })
    expect(await codeOf(remember())).toBe('consent_missing')
    await mine.consent.set(decision(true))
    await remember()
    const second = await mine.open('second', { remember: true, messages: [said('Hello')] })
    expect(await shown(second)).toHaveLength(2)
    const { removed } = await mine.consent.set(decision(false))
    expect(removed).toEqual({ memory: 1 })
    expect(await shown(second)).toEqual(['Hello'])
    expect(await mine.memory.list()).toEqual([])
    expect(await dumpOf(store, 'acme')).not.toContain('allergic to nuts",')
    expect(await sessions.for(bob).memory.clear()).toBe(0)
  })

  it('is forgotten one by one, all at once, and with the message that it came from', async () => {
    const { mine, session } = await place()
    const [fact] = await session.remember(nuts, { scope: 'user' })
    expect(await mine.memory.forget('no such id')).toBe(false)
    expect(await mine.memory.forget(fact!.id)).toBe(true)
    await session.append(said('I like green.'))
    await session.remember([{ ...nuts, seq: 1 }, { text: 'The user likes green' }], { scope: 'user' })
    await session.redact(3)
    expect((await mine.memory.list()).map(({ text }) => text)).toEqual([nuts.text])
    await session.remember({ text: 'again', seq: 1 }, { scope: 'user' })
    expect(await mine.memory.clear()).toBe(2)
    expect(await mine.memory.list()).toEqual([])
  })

  it('is in the export of the user and gone with an erasure; nothing is remembered after it', async () => {
    const { sessions, mine, session, store } = await place()
    await session.remember(nuts, { scope: 'user' })
    const lines: { type: string; facts?: object[] }[] = []
    for await (const line of mine.export()) lines.push(JSON.parse(line))
    expect(lines.find(({ type }) => type === 'memory')?.facts).toMatchObject([nuts])
    const receipt = await sessions.privacy.erase({ ...alice, by: 'alice', reason: 'article 17' })
    expect(receipt.counts['memory']).toBe(1)
    expect(await codeOf(session.remember(nuts, { scope: 'user' }))).toBe('not_found')
    expect(await dumpOf(store, 'acme')).not.toContain('nuts')
  })

  it('ends by retention', async () => {
    const { sessions, mine, session } = await place({ retention: { memoryMs: 1 } })
    await session.remember(nuts, { scope: 'user' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await sessions.sweep({ tenants: ['acme'] })
    expect(await mine.memory.list()).toEqual([])
  })

  it('is shown and forgotten over HTTP, for the user and an admin', async () => {
    const { sessions, session } = await place()
    const [fact] = await session.remember(nuts, { scope: 'user' })
    let caller: object = alice
    const api = createSessionApi({ sessions, userRoutes: true, identify: () => caller as typeof alice })
    const call = async (method: string, path: string) => {
      const answer = await api.handle(new Request(`https://api.test${path}`, { method }))
      return { status: answer.status, body: (await answer.json()) as object }
    }
    const of = '/users/alice/memory'
    expect(await call('GET', of)).toMatchObject({
      status: 200,
      body: { memory: [{ id: fact!.id, ...nuts }] },
    })
    caller = bob
    expect((await call('GET', of)).status).toBe(403)
    caller = admin
    expect((await call('GET', of)).status).toBe(200)
    expect(await call('DELETE', `${of}/none`)).toEqual({ status: 200, body: { forgotten: 0 } })
    expect(await call('DELETE', `${of}/${fact!.id}`)).toEqual({ status: 200, body: { forgotten: 1 } })
    expect(await call('DELETE', of)).toEqual({ status: 200, body: { forgotten: 0 } })
  })

  it('has each look and each deletion of an admin on record, and none of the user', async () => {
    const { sessions, session } = await place({
      audit: { secrets: ['the secret of the audit, 32 bytes long'] },
    })
    const [fact] = await session.remember(nuts, { scope: 'user' })
    const actions: string[] = []
    for (const caller of [alice, admin]) {
      const api = createSessionApi({ sessions, userRoutes: true, identify: () => caller })
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', `/${fact!.id}`],
        ['DELETE', ''],
      ] as const)
        await api.handle(new Request(`https://api.test/users/alice/memory${path}`, { method }))
      for await (const { action, outcome } of sessions.audit.list({ tenantId: 'acme' }))
        actions.push(`${action} ${outcome}`)
    }
    expect(actions).toEqual(Array.from({ length: 3 }, () => 'admin.memory done'))
  })
})

describe('orders of earlier sessions', () => {
  const phone = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }

  it('are found over the sessions of the user, and by tools where the user consents to memory', async () => {
    const { mine, sessions } = await place({ consent: {} })
    for (const id of ['a', 'b', 'c']) {
      const session = await mine.create({ id })
      await session.cart.add({ ...phone, sku: id })
      await session.cart.checkout()
    }
    const skus = (orders: readonly { items: readonly { sku: string }[] }[]) =>
      orders.map(({ items }) => items[0]!.sku).toSorted()
    expect(skus(await mine.memory.orders())).toEqual(['a', 'b', 'c'])
    expect(await mine.memory.orders({ limit: 1 })).toHaveLength(1)
    expect(await sessions.for(bob).memory.orders()).toEqual([])
    const session = await mine.get('b')
    expect(await session.cart.earlierOrders()).toEqual([])
    await mine.consent.set(decision(true))
    expect(skus(await session.cart.earlierOrders())).toEqual(['a', 'c'])
    expect(await codeOf(mine.memory.orders({ limit: 0 }))).toBe('invalid')
  })
})
