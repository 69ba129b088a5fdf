import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionErrorCode, type SessionStore } from '../../src/index.js'
import { storeUsageLog, type UsageEvent } from '../../src/usage.js'
import { alice, anonymous, codeOf, service } from '../service.js'

const tenants = ['acme']
const prices = [{ pattern: '*', currency: 'USD', perMillion: { input: '1', output: '1' } }]
const used = (inputTokens: number, more: object = {}) => ({
  type: 'usage' as const,
  inputTokens,
  model: 'm',
  ...more,
})

/** A store with turns that nobody has written down, and a service over what a test makes of it. */
async function scene() {
  let now = Date.parse('2026-03-01T10:00:00Z')
  const store = memoryStore({ clock: () => now })
  const over = (changed: Partial<SessionStore> = {}, log?: object) =>
    service({
      store: { ...store, ...changed },
      credentialSecrets: ['a secret that all processes know, and nobody else'],
      usage: { prices, ...log },
      onWarning: () => {},
    })
  const forgetful = { ...storeUsageLog(store), append: async () => 0 }
  const before = over({}, { log: forgetful })
  const turn = async (
    id: string,
    tokens: readonly number[],
    who: { tenantId: string } = alice,
    more: object = {},
  ) => {
    const session = await before.for(who).create({ id, label: `of ${id}` })
    for (const each of tokens) await session.turn('Hi', () => [used(each, more), 'Hello']).result
    return session
  }
  const events = async (): Promise<UsageEvent[]> => {
    const all: UsageEvent[] = []
    const span = { tenantId: 'acme', from: 0, to: Number.MAX_SAFE_INTEGER }
    for await (const some of storeUsageLog(store).read!(span)) all.push(...some)
    return all.toSorted((one, other) => one.inputTokens - other.inputTokens)
  }
  return { store, over, turn, events, pass: (ms: number) => void (now += ms) }
}

const fails = (code: SessionErrorCode) => async (): Promise<never> => {
  throw new SessionError(code, 'just now')
}

describe('a sweep finds what nobody has written down', () => {
  it('in pages of any size, once, with what the session says of each turn', async () => {
    for (const most of [1, 3]) {
      const { store, over, turn, events } = await scene()
      await turn('one', [1, 2])
      await turn('two', [3], anonymous)
      const messages: SessionStore['messages'] = async (ref, query) =>
        store.messages(ref, { ...query, limit: Math.min(query.limit, most) })
      for (let round = 0; round < 2; round++) await over({ messages }).sweep({ tenants })
      const found = await events()
      expect(found.map(({ inputTokens }) => inputTokens)).toEqual([1, 2, 3])
      expect(found[0]).toMatchObject({
        sessionId: 'one',
        label: 'of one',
        outcome: 'completed',
        model: 'm',
        user: expect.any(String) as unknown,
        cost: { amount: '0.000001', currency: 'USD', by: 'prices' },
      })
      expect(found[2]!.user).toBeUndefined()
    }
  })

  it('as many as 200 at once, and more', async () => {
    const { store, over, turn, events } = await scene()
    await turn(
      'one',
      Array.from({ length: 230 }, (_, index) => index + 1),
    )
    const sizes: number[] = []
    const inner = storeUsageLog(store)
    const append = async (tenantId: string, some: readonly UsageEvent[]) => {
      sizes.push(some.length)
      return inner.append(tenantId, some)
    }
    await over({}, { log: { ...inner, append } }).sweep({ tenants })
    expect(sizes).toEqual([200, 30])
    expect(await events()).toHaveLength(230)
  })

  it('with the cost that the application has told, and that of the table where it has not', async () => {
    const { over, turn, events } = await scene()
    await turn('one', [1], alice, { costMicros: 70 })
    await turn('two', [2])
    await over().sweep({ tenants })
    expect((await events()).map(({ cost }) => [cost?.by, cost?.amount])).toEqual([
      ['host', '0.00007'],
      ['prices', '0.000002'],
    ])
  })

  it('of turns that failed, as what they are', async () => {
    const { over, turn, events } = await scene()
    const session = await turn('one', [1])
    await codeOf(
      session.turn('Hi', async function* () {
        yield used(2)
        throw new Error('no')
      }).result,
    )
    await over().sweep({ tenants })
    expect((await events()).map(({ outcome }) => outcome)).toEqual(['completed', 'failed'])
  })
})

describe('a sweep leaves', () => {
  it('a session that is gone, and one that has taken its place', async () => {
    for (const isNew of [false, true]) {
      const { store, over, turn, events } = await scene()
      const { record } = await turn('one', [1])
      let isFirst = true
      const read: SessionStore['read'] = async (ref, options) => {
        if (ref.id === 'one' && isFirst) {
          isFirst = false
          await store.remove(ref)
          if (isNew) await store.commit(ref, { revision: 0, incarnation: `not ${record.incarnation}` })
        }
        return store.read(ref, options)
      }
      await over({ read }).sweep({ tenants })
      expect([isFirst, await events()]).toEqual([false, []])
    }
  })

  it('messages that cannot be read, and finds those of other sessions; but not where the store is away', async () => {
    for (const [code, count] of [
      ['not_found', 1],
      ['corrupt', 1],
      ['unavailable', 0],
    ] as [SessionErrorCode, number][]) {
      const { store, over, turn, events } = await scene()
      for (const id of ['one', 'two']) await turn(id, [1])
      const messages: SessionStore['messages'] = async (ref, query) =>
        ref.id === 'one' ? fails(code)() : store.messages(ref, query)
      const ended = await codeOf(over({ messages }).sweep({ tenants }))
      expect([code, ended]).toEqual([code, count === 1 ? 'settled' : 'unavailable'])
      expect(await codeOf(over().sweep({ tenants }))).toBe('settled')
      if (count === 0) expect(await events()).toHaveLength(2)
      else expect((await events()).some(({ sessionId }) => sessionId === 'two')).toBe(true)
    }
  })

  it('no session whose body cannot be read: its messages can', async () => {
    const { store, over, turn, events } = await scene()
    const { record } = await turn('one', [1])
    const { revision } = (await store.read(record))!.record
    await store.commit(record, { revision, body: 'none' })
    await over().sweep({ tenants })
    expect(await events()).toHaveLength(1)
  })

  it('what a message says of a turn that was none of its session', async () => {
    const { store, over, turn, events } = await scene()
    const { record } = await turn('one', [1])
    const { incarnation } = record
    const said = (turnOf: unknown) =>
      JSON.stringify({ role: 'assistant', content: 'Hi', metadata: { turn: turnOf, also: incarnation } })
    const forged = [
      'no turn',
      { incarnation: 'another', id: 't', usage: { inputTokens: 9 } },
      { incarnation, usage: { inputTokens: 9 } },
      { incarnation, id: 7, usage: { inputTokens: 9 } },
      { incarnation, id: 't' },
      { incarnation, id: 't', usage: 9 },
    ]
    await store.commit(record, {
      messages: forged.map((each, index) => ({ id: `f${index}`, payload: said(each) })),
    })
    await over().sweep({ tenants })
    expect((await events()).map(({ inputTokens }) => inputTokens)).toEqual([1])
  })
})
