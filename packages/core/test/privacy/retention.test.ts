import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import { memoryStore, type Sessions, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { changingStore } from '../changing-store.js'
import { handClock } from '../hand-clock.js'
import { until } from '../../src/testing/until.js'
import { alice, codeOf, service, startGate } from '../service.js'
import { dumpOf, settings } from './user-data.js'

const dayMs = 24 * 3_600_000
const tenants = ['acme']
const phone = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }
const said = { role: 'user' as const, content: 'hello' }

const codeOfError = ({ code }: { code?: string }): string => code ?? 'none'

/** A service whose store has a clock that the test moves on. */
function aging(options: SessionsOptions = {}, wrap = (store: SessionStore) => store) {
  let now = Date.now()
  const inner = memoryStore({ clock: () => now })
  const ttl = { idleMs: Infinity, absoluteMs: Infinity }
  const sessions: Sessions = service({ ...settings, ttl, ...options, store: wrap(inner) })
  const retain = async (limit?: number) => {
    // Records beside sessions, which are past their deadline, are none of its business.
    await sessions.sweep()
    return sessions.sweep({ tenants, ...(limit === undefined ? {} : { limit }) })
  }
  return { sessions, store: inner, retain, pass: (days: number) => void (now += days * dayMs) }
}

async function filled(sessions: Sessions) {
  const session = await sessions
    .for(alice)
    .create({ title: 'T', state: { a: 1 }, cart: [phone], messages: [said] })
  const documents = [{ type: 'document' as const, document: { id: 'd1', title: 'a canary' } }, 'found']
  await session.turn('and?', () => documents).result
  await session.remember({ text: 'likes red' })
  return session
}

describe('retention', () => {
  it('leaves a session whose turn runs, however long it takes, and takes one whose process died', async () => {
    const { sessions, retain, pass } = aging({ retention: { messagesMs: 1000 } })
    const answered = async (meanwhile: (id: string) => Promise<void>) => {
      const session = await sessions.for(alice).create()
      const { opened, open } = startGate()
      const turn = session.turn('How long?', async () => opened.then(() => 'That long'))
      await until(async () => (await session.currentTurn()) !== undefined)
      await meanwhile(session.id)
      open()
      const status = await turn.result.then((result) => result.status, codeOfError)
      return [status, (await session.allMessages()).map(({ role }) => role)]
    }
    const whileItRuns = async (): Promise<void> => {
      pass(5 / 86_400)
      expect(await retain()).toBe(0)
    }
    expect(await answered(whileItRuns)).toEqual(['completed', ['user', 'assistant']])
    const onceItsProcessDied = async (): Promise<void> => {
      pass(1)
      expect(await retain()).toBe(2)
    }
    expect(await answered(onceItsProcessDied)).toEqual(['turn_lost', []])
  })

  it('removes each class when it is over its time, and nothing else', async () => {
    const retention = { documentsMs: dayMs, cartMs: 2 * dayMs, factsMs: 3 * dayMs, messagesMs: 4 * dayMs }
    const { sessions, store, retain, pass } = aging({ retention })
    const session = await filled(sessions)
    const seen = async () => {
      const changed = await retain()
      const { state, cart, facts } = await session.read()
      const messages = (await session.allMessages()).length
      const hasDocuments = (await dumpOf(store, 'acme')).includes('a canary')
      return { changed, state, cart: cart.items.length, facts: facts.length, messages, hasDocuments }
    }
    const all = { changed: 0, state: { a: 1 }, cart: 1, facts: 1, messages: 3, hasDocuments: true }
    expect(await seen()).toEqual(all)
    pass(1)
    const noDocuments = { ...all, changed: 1, hasDocuments: false }
    await removeTurns(store)
    expect(await seen()).toEqual(noDocuments)
    expect(await seen()).toEqual({ ...noDocuments, changed: 0 })
    pass(1)
    expect(await seen()).toEqual({ ...noDocuments, cart: 0 })
    pass(1)
    expect(await seen()).toEqual({ ...noDocuments, cart: 0, facts: 0 })
    pass(1)
    expect(await seen()).toEqual({ ...noDocuments, cart: 0, facts: 0, messages: 0 })
    pass(1)
    expect(await seen()).toEqual({ ...noDocuments, changed: 0, cart: 0, facts: 0, messages: 0 })
    expect(session.record.title).toBe('T')
    await session.append(said)
    expect(await session.allMessages()).toHaveLength(1)
  })

  it('counts from the last write of somebody: its own changes are none', async () => {
    const { sessions, retain, pass } = aging({ retention: { cartMs: 29 * dayMs, messagesMs: 30 * dayMs } })
    const session = await filled(sessions)
    pass(29)
    expect(await retain()).toBe(1)
    pass(1)
    expect(await retain()).toBe(1)
    expect(await session.allMessages()).toEqual([])
  })

  it('leaves a session that is written to, also just then', async () => {
    const retention = { cartMs: dayMs, messagesMs: dayMs }
    const { sessions, retain, pass } = aging({ retention })
    const session = await filled(sessions)
    pass(0.9)
    await session.append(said)
    pass(0.9)
    expect(await retain()).toBe(0)
    for (let at = 1, calls = 1; at <= calls; at++) {
      let write: (() => Promise<unknown>) | undefined
      const meeting = { calls: 0 }
      const racing = aging({ retention }, (store) => {
        const { store: changing } = changingStore(store, () => {
          if (write === undefined || ++meeting.calls !== at) return undefined
          const now = write
          write = async () => undefined
          return now()
        })
        return changing
      })
      const theirs = await filled(racing.sessions)
      racing.pass(2)
      const other = service({
        ...settings,
        store: racing.store,
        ttl: { idleMs: Infinity, absoluteMs: Infinity },
      })
      const held = await other.for(alice).get(theirs.id)
      write = () => held.append({ ...said, content: 'just now' })
      await racing.sessions.sweep({ tenants })
      calls = meeting.calls
      const texts = (await held.allMessages()).map(({ content }) => content)
      expect(texts.at(-1), `after call ${at}`).toBe('just now')
    }
  })

  it('moves no deadline', async () => {
    const ttl = { idleMs: 10 * dayMs, absoluteMs: Infinity }
    const { sessions, retain, pass } = aging({ retention: { cartMs: dayMs }, ttl })
    const session = await filled(sessions)
    const { expiresAt } = (await session.read()) && session.record
    pass(5)
    expect(await retain()).toBe(1)
    expect((await session.read()) && session.record.expiresAt).toBe(expiresAt)
  })

  it('is that of the tenant, and of the tenants that are named', async () => {
    const { sessions, pass } = aging({
      retention: (tenantId) => (tenantId === 'acme' ? { cartMs: dayMs } : {}),
    })
    const session = await filled(sessions)
    const theirs = await sessions.for({ tenantId: 'other', userId: 'alice' }).create({ cart: [phone] })
    pass(2)
    await sessions.sweep()
    expect((await session.cart.get()).items).toHaveLength(1)
    async function* fromDatabase() {
      yield* ['other', 'acme']
    }
    expect(await sessions.sweep({ tenants: fromDatabase() })).toBe(1)
    expect((await session.cart.get()).items).toEqual([])
    expect((await theirs.cart.get()).items).toHaveLength(1)
  })

  it('changes up to a limit, and more the next time', async () => {
    const { sessions, retain, pass } = aging({ retention: { cartMs: dayMs } })
    for (let n = 0; n < 5; n++) await sessions.for(alice).create({ cart: [phone] })
    pass(2)
    const counts: number[] = []
    for (let n = 0; n < 4; n++) counts.push(await retain(2))
    expect(counts).toEqual([2, 2, 1, 0])
  })

  it('of users drops earlier decisions, and what stands for them in counts', async () => {
    const { sessions, retain, pass } = aging({
      retention: { auditMs: dayMs, analyticsMs: 2 * dayMs },
      consent: {},
    })
    const analytics = { purpose: 'analytics', granted: true, version: '1', source: 'page' }
    await sessions.consent.set(alice, analytics)
    const before = await sessions.privacy.pseudonym(alice)
    pass(1)
    expect(await retain()).toBe(1)
    expect(await sessions.consent.get(alice)).toMatchObject({
      purposes: { analytics: { granted: true } },
      history: [],
    })
    expect(await sessions.privacy.pseudonym(alice)).toBe(before)
    pass(3)
    expect(await retain()).toBe(1)
    expect(await sessions.privacy.pseudonym(alice)).not.toBe(before)
  })

  it('is refused when it is none', async () => {
    const refused = (retention: object) => () => service({ retention })
    expect(refused({ cartMs: 0 })).toThrow('retention.cartMs')
    expect(refused({ cart: 1 })).toThrow('retention.cart')
    const { sessions } = aging({ retention: () => ({ cartMs: -1 }) })
    expect(await codeOf(sessions.sweep({ tenants }))).toBe('invalid')
    for (const wrong of ['acme', 7, [''], ['~users:acme'], [7]])
      expect(await codeOf(sessions.sweep({ tenants: wrong as never }))).toBe('invalid')
  })
})

describe('a sweep', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('goes on with an erasure whose process died some minutes ago', async () => {
    let isBroken = true
    const onErase = [async () => (isBroken ? Promise.reject(new Error('no')) : undefined)]
    const { sessions, store, pass } = aging({ privacy: { onErase } })
    await filled(sessions)
    await codeOf(sessions.privacy.erase({ ...alice, by: 'alice', reason: 'article 17' }))
    isBroken = false
    await sessions.sweep({ tenants })
    expect(await sessions.privacy.erasure(alice)).toMatchObject({ status: 'running' })
    pass(1)
    await sessions.sweep({ tenants })
    expect(await sessions.privacy.erasure(alice)).toMatchObject({
      status: 'done',
      receipt: { by: 'subject' },
    })
    expect(await dumpOf(store, 'acme')).not.toContain('alice')
  })

  it('that goes on by itself does all of it once an hour', async () => {
    const clock = handClock(30_000)
    const { sessions, pass } = aging({ retention: { cartMs: dayMs } })
    const session = await sessions.for(alice).create({ cart: [phone] })
    pass(2)
    let asked = 0
    const stop = sessions.sweepEvery(60_000, () => {
      asked++
      return tenants
    })
    for (const _ of Array(59)) await clock.advance(60_000)
    stop()
    expect(asked).toBe(1)
    expect((await session.cart.get()).items).toEqual([])
    expect(() => sessions.sweepEvery(60_000, tenants as never)).toThrow('tenants')
  })
})

/** Events of turns repeat what the answer holds, for some minutes. */
async function removeTurns(store: SessionStore): Promise<void> {
  const { items } = await store.list({ tenantId: '~turns:acme', limit: 10 })
  for (const item of items) await store.remove(item)
}

it('leaves no words of a conversation that it clears in answers that are kept for longer', async () => {
  const { sessions, store, retain, pass } = aging({ retention: { messagesMs: dayMs / 4 } })
  const api = createSessionApi({ sessions, identify: () => alice })
  const { id } = await sessions.for(alice).create({ messages: [{ role: 'user', content: 'a canary' }] })
  const rate = async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'key' }
    const request = { method: 'PATCH', headers, body: JSON.stringify({ rating: 'up' }) }
    const path = `/sessions/${id}/messages/1/annotations`
    return (await api.handle(new Request(`https://api.test${path}`, request))).json()
  }
  expect(await rate()).toMatchObject({ message: { content: 'a canary' } })
  pass(0.5)
  expect(await retain()).toBe(1)
  expect(await dumpOf(store, 'acme')).not.toContain('canary')
  expect(await rate()).toEqual({ erased: true })
})
