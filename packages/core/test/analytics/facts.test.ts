import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { analyticsCsv, analyticsTables } from '../../src/analytics/analytics-csv.js'
import { codeOf } from '../service.js'
import { listLog } from './list-log.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const dayMs = 86_400_000
const begin = Date.UTC(2026, 0, 1)
const alice = { tenantId: 'acme', userId: 'alice' }
const query = { tenantId: 'acme', minGroup: 1 }
const decision = (granted: boolean) => ({ purpose: 'analytics', granted, version: '1', source: 'page' })

function place(options: SessionsOptions = {}) {
  let now = begin
  const store = memoryStore({ clock: () => now })
  const ttl = { idleMs: 900 * dayMs, absoluteMs: 900 * dayMs }
  const sessions = createSessions({ store, credentialSecrets, ttl, onWarning: () => {}, ...options })
  return { store, sessions, mine: sessions.for(alice), pass: (ms: number) => void (now += ms) }
}

describe('of a session analytics counts', () => {
  it('as segments what is short and plain, of twenty preferences', async () => {
    const { sessions, mine } = place()
    const long = 'x'.repeat(100)
    await mine.create({
      preferences: {
        size: 4,
        isNew: false,
        colour: long,
        [long]: 'a',
        note: `${long}x`,
        [`${long}x`]: 'a',
        list: ['a'],
        object: { a: 1 },
        nothing: null,
      },
    })
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`p${n}`, n]))
    await mine.create({ preferences: many })
    const segments = async (segmentBy: string) =>
      (await sessions.analytics({ ...query, segmentBy })).segments.map(({ segment }) => segment)
    const told = ['size', 'isNew', 'colour', long, 'note', 'list', 'object', 'nothing', 'p19', 'p20']
    expect(await Promise.all(told.map(segments))).toEqual([
      ['4'],
      ['false'],
      [long],
      ['a'],
      [],
      [],
      [],
      [],
      ['19'],
      [],
    ])
    expect(await segments(`${long}x`)).toEqual([])
  })

  it('no preference that it has not, whatever its name', async () => {
    const { sessions, mine } = place()
    await mine.create({ preferences: { colour: 'red' } })
    for (const segmentBy of ['constructor', 'toString', '__proto__', 'hasOwnProperty', ''])
      expect((await sessions.analytics({ ...query, segmentBy })).segments).toEqual([])
    await mine.create({ preferences: { constructor: 'Renault' } })
    const { segments } = await sessions.analytics({ ...query, segmentBy: 'constructor' })
    expect(segments.map(({ segment }) => segment)).toEqual(['Renault'])
  })

  it('the cart that it began with, and an order of it', async () => {
    const { sessions, mine } = place()
    const phone = { sku: 'P', name: 'P', quantity: 2, price: { amount: 5, currency: 'EUR' } }
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const made = await mine.create({ cart: [phone], messages })
    const fork = await mine.fork(made)
    const emptied = await mine.create({ cart: [phone], messages })
    await emptied.cart.clear()
    await mine.create({ messages })
    const funnel = async () => (await sessions.analytics(query)).total
    expect(await funnel()).toMatchObject({ sessions: 4, engaged: 4, carted: 3, ordered: 0 })
    await made.cart.checkout()
    await fork.cart.checkout()
    expect(await funnel()).toMatchObject({ carted: 3, ordered: 2, value: { EUR: 20 } })
    for (const session of [made, fork, emptied]) {
      const { added, removed, purchased, itemCount } = (await session.info()).cart
      expect([added, removed + purchased + itemCount]).toEqual([2, 2])
    }
  })

  it('the messages that it still has, every turn, however it ended, and how long it went on', async () => {
    const { sessions, mine, pass } = place({ ttl: { historyMs: dayMs, idleMs: 900 * dayMs } })
    const session = await mine.create()
    await session.append({ role: 'user', content: 'Hello' })
    pass(2 * dayMs)
    await session.turn('one', () => 'Yes').result
    await session.turn('two', () => Promise.reject(new Error('no'))).result
    const aborted = session.turn('three', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return 'late'
    })
    await aborted.started
    await session.cancel()
    await aborted.result.catch(() => {})
    await sessions.settled()
    const { lastSeq, trimmedSeq } = (await mine.get(session.id)).record
    expect(trimmedSeq).toBe(1)
    const { engagement, total } = await sessions.analytics(query)
    expect(engagement).toEqual({ messages: lastSeq - 1, turns: 3, durationMs: 2 * dayMs })
    expect(total).toMatchObject({ sessions: 1, engaged: 1, carted: 0 })
    const empty = await sessions.analytics({ ...query, tenantId: 'globex' })
    expect(empty.engagement).toEqual({ messages: 0, turns: 0, durationMs: 0 })
  })

  it('nothing that nobody can read, and all of the others', async () => {
    const { store, sessions, mine } = place()
    for (const id of ['one', 'two', 'three'])
      await (await mine.open(id)).append({ role: 'user', content: 'Hi' })
    const { revision } = (await store.read({ tenantId: 'acme', id: 'two' }))!.record
    await store.commit({ tenantId: 'acme', id: 'two' }, { revision, body: 'none' })
    expect((await sessions.analytics(query)).total.sessions).toBe(2)
    const gone: SessionStore = {
      ...store,
      messages: async (ref, asked) => {
        if (ref.id === 'one') await store.remove(ref)
        return store.messages(ref, asked)
      },
    }
    expect((await createSessions({ store: gone, credentialSecrets }).analytics(query)).total.sessions).toBe(1)
    const away: SessionStore = {
      ...store,
      messages: async () => {
        throw Object.assign(new Error('away'), { code: 'unavailable' })
      },
    }
    expect(await codeOf(createSessions({ store: away, credentialSecrets }).analytics(query))).not.toBe(
      'settled',
    )
  })

  it('what a guest has allowed, and not what a guest has not', async () => {
    const { sessions } = place({ consent: { unsaid: { analytics: false } } })
    for (const granted of [true, false, undefined]) {
      const guest = await sessions.for({ tenantId: 'acme' }).create()
      await guest.append({ role: 'user', content: 'Hi' })
      if (granted !== undefined) await guest.consent.set(decision(granted))
    }
    expect(await sessions.analytics(query)).toMatchObject({
      total: { sessions: 1 },
      users: 0,
      withoutConsent: 2,
    })
  })
})

describe('analytics comes to', () => {
  it('more sessions than a page of the list has, and looks no further back than it must', async () => {
    const { store, mine, pass } = place()
    for (let n = 0; n < 450; n++) {
      await mine.create()
      if (n === 199) pass(10 * dayMs)
    }
    let pages = 0
    const counted: SessionStore = { ...store, list: async (asked) => (pages++, store.list(asked)) }
    const sessions = createSessions({ store: counted, credentialSecrets })
    expect(await sessions.analytics(query)).toMatchObject({ total: { sessions: 450 }, complete: true })
    // Those that were active just now are listed again: one may have become so meanwhile.
    expect(pages).toBe(3 + 2)
    pages = 0
    const late = await sessions.analytics({ ...query, from: begin + 10 * dayMs })
    expect([late.total.sessions, late.complete, pages]).toEqual([250, true, 2 + 2])
    const early = await sessions.analytics({ ...query, to: begin + 10 * dayMs })
    expect([early.total.sessions, early.withoutConsent]).toEqual([200, 0])
  })

  it('every session of a user who decides anew', async () => {
    const log = listLog()
    const { sessions, mine } = place({ consent: {}, analytics: { log } })
    await sessions.consent.set(alice, decision(true))
    for (let n = 0; n < 210; n++) await mine.create()
    await sessions.analytics(query)
    await sessions.consent.set(alice, decision(false))
    const said = () => log.kept().filter(({ facts }) => facts !== undefined).length
    expect([log.kept().length, said()]).toEqual([210, 0])
    await sessions.consent.set(alice, decision(true))
    expect(said()).toBe(210)
  })
})

it('a report as CSV has every table, each with a head, and no text that a spreadsheet would run', async () => {
  const { sessions, mine, pass } = place({ experiments: { try: { arms: { a: 1 } } } })
  const session = await mine.create({ preferences: { colour: '=1+1' }, state: { phase: 'browse, "all"' } })
  await session.turn('battery', () => 'Yes').result
  await session.cart.add({ sku: 'P', name: 'P', price: { amount: 150, currency: 'EUR' } })
  await session.cart.checkout()
  await sessions.armOf(session, 'try')
  pass(dayMs)
  await mine.create()
  await sessions.settled()
  const report = await sessions.analytics({ ...query, segmentBy: 'colour' })
  const csv = (table: (typeof analyticsTables)[number]) =>
    [...analyticsCsv(report, table)].join('').split('\r\n')
  const [one, two] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z']
  expect(Object.fromEntries(analyticsTables.map((table) => [table, csv(table)]))).toEqual({
    over: [
      'at,users,sessions,engaged,carted,ordered,valueEUR',
      `${one},1,1,1,1,1,150`,
      `${two},1,1,0,0,0,`,
      '',
    ],
    active: ['at,users,sessions', `${one},1,1`, ''],
    topics: ['word,sessions', 'battery,1', ''],
    trends: ['at,word,sessions', `${one},battery,1`, ''],
    journeys: ['from,to,sessions', ',"browse, ""all""",1', '"browse, ""all""",,1', ''],
    segments: ['segment,sessions,engaged,carted,ordered,valueEUR', "'=1+1,1,1,1,1,150", ''],
    arms: ['experiment,version,arm,sessions,engaged,carted,ordered,valueEUR', 'try,1,a,1,1,1,1,150', ''],
    cohorts: ['at,users,returned1', `${one},1,1`, ''],
  })
})
