import { describe, expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  SessionError,
  type SessionEvent,
  type SessionStore,
  type SessionWarning,
} from '../../src/index.js'
import { admin, alice, anonymous, bob, codeOf, service } from '../service.js'
import { gated } from '../turn/turns.js'

const usage = { type: 'usage' as const, inputTokens: 7, outputTokens: 2, model: 'm' }
const paid: Respond = () => [usage, 'fine']
const told = (events: readonly SessionEvent[], type: SessionEvent['type']) =>
  events.filter((event) => event.type === type)

describe('an event', () => {
  it('says who did it, beside whose it is', async () => {
    const sessions = service()
    const one = await sessions.for(alice).create({ id: 'one' })
    expect(await sessions.for(bob).find('one')).toBeUndefined()
    await (await sessions.for(admin).get('one')).edit({ title: 'T' })
    await one.state.merge({ a: 1 })
    await sessions.for(anonymous).create()
    expect(sessions.events.map(({ type, userId, actor }) => [type, userId, actor])).toEqual([
      ['session.created', 'alice', { userId: 'alice' }],
      ['access.denied', 'alice', { userId: 'bob' }],
      ['session.edited', 'alice', 'anonymous'],
      ['state.changed', 'alice', { userId: 'alice' }],
      ['session.created', undefined, 'anonymous'],
    ])
  })

  it('has an id: of usage that of its turn, of a message its place, of any other its own', async () => {
    const sessions = service()
    const one = await sessions.for(alice).create()
    const { turnId } = await one.turn('hi', paid).result
    const ids = Object.fromEntries(sessions.events.map(({ type, id }) => [type, id]))
    expect(ids['usage.recorded']).toBe(turnId)
    expect(told(sessions.events, 'message.appended').map(({ id }) => id)).toEqual([
      `${one.record.incarnation}:1`,
      `${one.record.incarnation}:2`,
    ])
    expect(new Set(sessions.events.map(({ id }) => id)).size).toBe(sessions.events.length)
  })

  it('has nothing of what was said, chosen, bought or found, and no credential', async () => {
    const word = 'canary'
    const sessions = service({ onWarning: () => {}, context: { summarize: () => word } })
    const mine = sessions.for(alice)
    const said = (text = word) => ({
      role: 'user' as const,
      content: text,
      name: word,
      metadata: { a: word },
    })
    const one = await mine.create({
      title: word,
      state: { a: word },
      preferences: { a: word },
      messages: [said()],
    })
    await one.edit({ title: `${word} again` })
    await one.append(said())
    await one.state.merge({ b: word })
    await one.preferences.merge({ b: word })
    const phone = { sku: word, name: word, price: { amount: 5, currency: 'EUR' }, metadata: { a: word } }
    const { items } = await one.cart.add(phone)
    await one.cart.setQuantity(items[0]!.id, 2)
    await one.cart.checkout()
    const found = { type: 'document' as const, document: { id: word, text: word } }
    await one.turn(word, () => [{ type: 'source', url: word }, found, word, usage], {
      reuse: { ttlMs: 60_000 },
    }).result
    await one.turn(word, () => word, { reuse: { ttlMs: 60_000 } }).result
    await one.turn(word, () => [{ type: 'error', message: word }]).result
    await one.turn(word, () => Promise.reject(new Error(word))).result
    await one.amend(1, { content: `${word} ${word}` })
    await one.annotate(1, { a: word })
    await one.redact(1)
    await one.remember({ text: word, subject: word })
    await one.compact()
    await one.switchBranch((await one.rewind(2)).id)
    await mine.fork(one, { title: word })
    const { secret, shortCode } = await one.transfer({ mode: 'copy', device: word })
    await mine.describeTransfer({ secret, device: word })
    await mine.redeem({ secret, device: word })
    const credential = await one.rotateCredential()
    await one.reset()
    await one.delete()
    const text = JSON.stringify(sessions.events)
    for (const secretText of [word, secret, shortCode, credential]) expect(text).not.toContain(secretText)
    expect(new Set(sessions.events.map(({ type }) => type)).size).toBeGreaterThan(22)
  })

  it('is told to every listener, whatever becomes of another one', async () => {
    const warnings: SessionWarning[] = []
    const heard: string[] = []
    const kept: string[] = []
    let flushes = 0
    const sessions = createSessions({
      onWarning: (warning) => warnings.push(warning),
      onEvent: ({ type }) => heard.push(`one ${type}`),
      listeners: [
        () => {
          throw new Error('broken')
        },
        ({ type }) => heard.push(`two ${type}`),
        {
          on: ({ type }) => kept.push(type),
          flush: async () => {
            await Promise.resolve()
            flushes++
            heard.push(...kept.splice(0).map((type) => `late ${type}`))
          },
        },
        {
          on: () => {},
          flush: () => {
            throw new Error('away')
          },
        },
      ],
    })
    await sessions.for(alice).create()
    expect(heard).toEqual(['one session.created', 'two session.created'])
    await sessions.settled()
    expect(heard).toEqual(['one session.created', 'two session.created', 'late session.created'])
    expect(flushes).toBe(1)
    await sessions.for(alice).create()
    await sessions.close()
    expect(heard.at(-1)).toBe('late session.created')
    expect(warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'listener_failed: A listener failed on session.created.',
      'listener_failed: A listener failed on flush.',
      'listener_failed: A listener failed on session.created.',
      'listener_failed: A listener failed on flush.',
    ])
    expect(() => createSessions({ listeners: [{} as never] })).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'listeners[0]' }),
    )
  })
})

describe('what a turn used', () => {
  it('is told when the store refuses its reply', async () => {
    const inner = memoryStore()
    const store: SessionStore = {
      ...inner,
      commit: async (ref, change) => {
        const isReply = change.messages?.some(({ payload }) => payload.includes('"role":"assistant"'))
        if (isReply === true) throw new SessionError('store_failed', 'The store says no.')
        return inner.commit(ref, change)
      },
    }
    const sessions = service({ store, onWarning: () => {} })
    const one = await sessions.for(alice).create()
    expect(await codeOf(one.turn('hi', paid).result)).toBe('store_failed')
    expect(told(sessions.events, 'usage.recorded')).toMatchObject([
      { outcome: 'lost', inputTokens: 7, outputTokens: 2, model: 'm', actor: { userId: 'alice' } },
    ])
  })

  it.each(['reset', 'rewind'] as const)('is told when a %s took the conversation away', async (how) => {
    const store = memoryStore()
    const sessions = service({ store })
    const one = await sessions.for(alice).create({ id: 'one' })
    await one.append({ role: 'user', content: 'before' })
    const { respond, begun, open } = gated('word')
    const turn = one.turn('hi', async function* (context) {
      yield usage
      yield* respond(context) as AsyncIterable<string>
    })
    await begun
    const other = await createSessions({ store }).for(alice).get('one')
    await (how === 'reset' ? other.reset() : other.rewind(1))
    open()
    expect(await codeOf(turn.result)).toBe('turn_lost')
    expect(told(sessions.events, 'usage.recorded')).toMatchObject([{ outcome: 'lost', inputTokens: 7 }])
  })

  it('is told with how the turn ended, and the reply says how long it took', async () => {
    const sessions = service({ onWarning: () => {} })
    const one = await sessions.for(alice).create()
    const { reply } = await one.turn('hi', paid).result
    const failing: Respond = async function* () {
      yield usage
      throw new Error('down')
    }
    await one.turn('again', failing).result
    const events = told(sessions.events, 'usage.recorded') as { outcome?: string }[]
    expect(events.map(({ outcome }) => outcome)).toEqual(['completed', 'failed'])
    const { durationMs, firstTokenMs } = reply.metadata!['turn'] as Record<string, number>
    expect(Number.isInteger(durationMs) && Number.isInteger(firstTokenMs)).toBe(true)
    expect(firstTokenMs).toBeLessThanOrEqual(durationMs!)
    const silent = (await one.history()).messages.at(-1)!.metadata!['turn']
    expect(silent).not.toHaveProperty('firstTokenMs')
  })
})
