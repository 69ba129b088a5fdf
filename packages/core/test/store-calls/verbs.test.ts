import { describe, expect, it } from 'vitest'
import type { Respond, Session, Sessions } from '../../src/index.js'
import { CallerSessions } from '../../src/caller-sessions.js'
import { Session as SessionClass } from '../../src/session.js'
import { SessionCart } from '../../src/session/cart.js'
import { SessionPreferences, SessionState } from '../../src/session/state.js'
import { verbCases } from '../../src/testing/verb-cases/of-sessions.js'
import { alice, service } from '../service.js'
import { callsOf, eraseCalls, phone, said, type Scene } from './scene.js'

const answered: Respond = () => 'fine'
const ask = async (session: Session) => (await session.turn('and?', answered).result).turnId
const more = async (source: Session) => source.append(Array.from({ length: 1000 }, (_, n) => said(`m${n}`)))
const consent = (granted: boolean) => ({ purpose: 'analytics', granted, version: '1', source: 'page' })
const drain = async (pieces: AsyncIterable<string>) => {
  for await (const piece of pieces) expect(piece).not.toBe('')
}
const acme = { tenantId: 'acme' }
const readAll = async (entries: AsyncIterable<object>) => {
  for await (const entry of entries) expect(entry).toMatchObject({ action: 'begun' })
}
const transfer = async (source: Session) => source.transfer({ mode: 'move' })
interface Row {
  readonly verb: string
  readonly calls: string
  readonly made: () => Promise<string>
}

/** One line of the table: what a verb calls its store for. In brackets, what makes it more or less than usual. */
function row(verb: string, calls: string, run: (scene: Scene) => unknown): Row {
  return { verb, calls, made: async () => callsOf(() => undefined, run) }
}

/** A line about a session to which something has happened. */
function after<Prepared>(
  prepare: (source: Session, theirs: Sessions) => Prepared,
  verb: string,
  calls: string,
  run: (scene: Scene, prepared: Awaited<Prepared>) => unknown,
): Row {
  return { verb, calls, made: async () => callsOf(prepare, run) }
}

// A call more is one that somebody waits for: whoever adds one says so here.
const rows = [
  row('Sessions.for', '', ({ sessions }) => sessions.for({ tenantId: 'acme' })),
  after(
    async (source) => {
      const lines: string[] = []
      for await (const line of source.export()) lines.push(line)
      return lines
    },
    'Sessions.import (after a deletion, which removes and lists)',
    'read remove list list read commit commit restore read',
    async ({ sessions, session }, lines) => {
      await session.delete()
      await sessions.import(lines, alice)
    },
  ),
  row('Sessions.usage', 'list', ({ counting }) => counting.usage({ tenantId: 'acme' })),
  row('Sessions.usage (of a user)', 'read', ({ counting }) =>
    counting.usage({ tenantId: 'acme', userId: 'alice' }),
  ),
  row('Sessions.reprice', 'list', ({ counting }) => counting.reprice({ tenantId: 'acme' })),
  row('Sessions.sweep', 'sweep', ({ sessions }) => sessions.sweep()),
  row('Sessions.sweep (with a tenant)', 'sweep list', ({ sessions }) =>
    sessions.sweep({ tenants: ['acme'] }),
  ),
  row('Sessions.sweep (with a tenant that has retention)', 'sweep list commit commit list', ({ retaining }) =>
    retaining.sweep({ tenants: ['acme'] }),
  ),
  row('Sessions.sweepEvery', '', ({ sessions }) => sessions.sweepEvery(60_000)),
  row('Sessions.analytics', 'list read messages', ({ sessions }) => sessions.analytics({ tenantId: 'acme' })),
  row('Sessions.armOf', 'read read commit', async ({ trying, session }) =>
    trying.armOf(await trying.for(alice).get(session.id), 'checkout'),
  ),
  row('Sessions.health', 'read', ({ sessions }) => sessions.health()),
  row('Sessions.close', '', ({ sessions }) => sessions.close()),
  row('Sessions.settled', '', ({ sessions }) => sessions.settled()),

  row('SessionsPrivacy.erase', eraseCalls, ({ sessions }) =>
    sessions.privacy.erase({ ...alice, by: 'alice', reason: 'article 17' }),
  ),
  row('SessionsAudit.append', 'commit', ({ audited }) => audited.audit.append({ ...acme, action: 'a' })),
  row('SessionsAudit.during', 'commit commit', ({ audited }) =>
    audited.audit.during({ ...acme, action: 'a' }, async () => {}),
  ),
  row('SessionsAudit.list', 'list read messages', ({ audited }) => readAll(audited.audit.list(acme))),
  row('SessionsAudit.pseudonym', 'read', ({ audited }) => audited.audit.pseudonym(alice)),
  row('SessionsAudit.verify', 'read list read messages', ({ audited }) => audited.audit.verify(acme)),
  row('SessionsAudit.checkpoint', 'commit commit read list read read commit commit', ({ audited }) =>
    audited.audit.checkpoint(acme),
  ),
  row('SessionsPrivacy.erasure', 'read', ({ sessions }) => sessions.privacy.erasure(alice)),
  row('SessionsPrivacy.pseudonym', 'read read read commit', ({ sessions }) =>
    sessions.privacy.pseudonym(alice),
  ),
  row('SessionsPrivacy.verifyReceipt', '', ({ sessions }) => sessions.privacy.verifyReceipt({} as never)),

  row('SessionsConsent.get', 'read', ({ sessions }) => sessions.consent.get(alice)),
  row('SessionsConsent.set', 'read read commit', ({ asking }) => asking.consent.set(alice, consent(true))),
  row('SessionsConsent.set (a withdrawal)', 'read read commit read', ({ asking }) =>
    asking.consent.set(alice, consent(false)),
  ),
  row('SessionsConsent.allows', 'read', ({ sessions }) => sessions.consent.allows(alice, 'analytics')),
  row('CallerConsent.get', 'read', ({ mine }) => mine.consent.get()),
  row('CallerConsent.set', 'read read commit', ({ asking }) => asking.for(alice).consent.set(consent(true))),
  row('CallerConsent.allows', 'read', ({ mine }) => mine.consent.allows('analytics')),

  row('CallerMemory.list', 'read', ({ mine }) => mine.memory.list()),
  row('CallerMemory.forget', 'read', ({ mine }) => mine.memory.forget('x')),
  row('CallerMemory.clear', 'read list', ({ mine }) => mine.memory.clear()),

  row('CallerMemory.orders', 'list read', ({ mine }) => mine.memory.orders()),
  row('CallerSessions.keepsSessions', '', ({ mine }) => mine.keepsSessions()),
  row('CallerSessions.keepsSessions (where consent is asked for)', 'read', async ({ asking }) => {
    const mine = asking.for(alice)
    await mine.keepsSessions()
    await mine.keepsSessions()
  }),
  row('CallerSessions.create (where consent is asked for)', 'read commit read', ({ asking }) =>
    asking.for(alice).create(),
  ),
  row('CallerSessions.create', 'commit read', ({ mine }) => mine.create({ messages: [said('hello')] })),
  row('CallerSessions.open', 'read', ({ mine, session }) => mine.open(session.id)),
  row('CallerSessions.open (a new one)', 'read commit read', ({ mine }) => mine.open('new')),
  row('CallerSessions.append', 'commit', ({ mine, session }) => mine.append(session.id, said('four'))),
  row('CallerSessions.get', 'read', ({ mine, session }) => mine.get(session.id)),
  row('CallerSessions.find', 'read', ({ mine, session }) => mine.find(session.id)),
  row('CallerSessions.find (no id)', '', ({ mine }) => mine.find('')),
  after(
    async (source) => source.credential(),
    'CallerSessions.findByCredential',
    'read',
    ({ mine }, credential) => mine.findByCredential(credential),
  ),
  after(
    async (source) => source.credential(),
    'CallerSessions.isOutdated',
    'read',
    ({ mine }, credential) => mine.isOutdated(credential),
  ),
  row('CallerSessions.draft', '', ({ mine }) => mine.draft()),
  row('CallerSessions.draft (that is written to)', 'commit read commit', ({ mine }) =>
    mine.draft().append(said('x')),
  ),
  row('CallerSessions.search', 'list read', ({ mine }) => mine.search({ text: 'one' })),
  row('CallerSessions.search (in one session)', 'read read', ({ mine, session }) =>
    mine.search({ text: 'one', sessionId: session.id }),
  ),
  row('CallerSessions.searchSessions', 'list read', ({ mine }) => mine.searchSessions({ text: 'one' })),
  row('CallerSessions.list', 'list', ({ mine }) => mine.list()),
  row('CallerSessions.count', 'list', ({ mine }) => mine.count()),
  row('CallerSessions.delete', 'read remove list list', ({ mine, session }) => mine.delete(session.id)),
  row('CallerSessions.export', 'read read list read messages list', ({ mine }) => drain(mine.export())),
  after(
    async (source) => {
      const lines: string[] = []
      for await (const line of source.export()) lines.push(line)
      return lines
    },
    'CallerSessions.import (after a deletion, which removes and lists)',
    'read remove list list read commit commit restore read',
    async ({ mine, session }, lines) => {
      await session.delete()
      await mine.import(lines)
    },
  ),
  row('CallerSessions.fork', 'read commit read', ({ mine, session }) => mine.fork(session)),
  after(
    more,
    'CallerSessions.fork (of 1,003 messages)',
    'read messages read read messages read commit commit read',
    ({ mine, session }) => mine.fork(session),
  ),
  after(transfer, 'CallerSessions.describeTransfer', 'read read', ({ mine }, { secret }) =>
    mine.describeTransfer({ secret }),
  ),
  after(
    transfer,
    'CallerSessions.describeTransfer (by short code)',
    'read commit read commit read read read commit read commit',
    ({ mine }, { shortCode }) => mine.describeTransfer({ shortCode }),
  ),
  after(transfer, 'CallerSessions.redeem', 'read read commit', ({ mine }, { secret }) =>
    mine.redeem({ secret }),
  ),
  after(
    async (source) => source.transfer({ mode: 'copy' }),
    'CallerSessions.redeem (a copy)',
    'read read commit read commit read',
    ({ mine }, { secret }) => mine.redeem({ secret }),
  ),

  row('Session.store', '', ({ session }) => session.store()),
  row('Session.read', 'read', ({ session }) => session.read()),
  row('Session.pseudonym', '', ({ session }) => session.pseudonym('logs')),
  row('Session.append', 'commit', ({ session }) => session.append([said('four'), said('five')])),
  row('Session.export', 'read messages', ({ session }) => drain(session.export())),
  row('Session.export (as Markdown)', 'read messages', ({ session }) =>
    drain(session.export({ format: 'markdown' })),
  ),
  row('Session.history', 'read', ({ session }) => session.history()),
  row('Session.history (an older page)', 'read messages', ({ session }) => session.history({ before: 3 })),
  after(
    async (source) => source.rewind(2),
    'Session.history (after a rewind)',
    'read',
    ({ session }) => session.history(),
  ),
  row('Session.context', 'read', ({ session }) => session.context({ maxTokens: 1000 })),
  row('Session.compact', 'read', ({ session }) => session.compact()),
  row('Session.compact (that sums up)', 'read commit read', ({ session }) =>
    session.compact({ keepTokens: 1, minTokens: 1 }),
  ),
  row('Session.remember', 'commit', ({ session }) => session.remember({ text: 'likes red' })),
  row('Session.forget', 'read', ({ session }) => session.forget('none')),
  row('Session.allMessages', 'read', ({ session }) => session.allMessages()),
  after(more, 'Session.allMessages (1,003 of them)', 'read messages read', ({ session }) =>
    session.allMessages(),
  ),
  // Three messages came without a turn, and are counted.
  row('Session.turn', 'read commit commit messages commit commit', ({ session }) => ask(session)),
  after(ask, 'Session.turn (after a turn)', 'read commit commit commit commit', ({ session }) =>
    ask(session),
  ),
  after(ask, 'Session.watchTurn', 'read read messages', async ({ session }, turnId) => {
    for await (const event of session.watchTurn(turnId)) expect(event.n).toBeGreaterThan(0)
  }),
  row('Session.watch', 'read', async ({ session }) => session.watch().next()),
  row('Session.subscribe', 'read messages', async ({ session }) => session.subscribe().next()),
  row('Session.currentTurn', 'read', ({ session }) => session.currentTurn()),
  row('Session.cancel', 'read', ({ session }) => session.cancel()),
  row('Session.orders', 'read', ({ session }) => session.orders()),
  row('Session.extend', 'commit', ({ session }) => session.extend({ idleMs: 60_000 })),
  row('Session.edit', 'commit', ({ session }) => session.edit({ title: 'New' })),
  row('Session.redact', 'read messages commit messages amend commit list list read', ({ session }) =>
    session.redact(2),
  ),
  after(
    ask,
    'Session.redact (after a turn)',
    'read messages commit messages amend commit list read remove list read',
    ({ session }) => session.redact(2),
  ),
  row('Session.amend', 'read messages commit messages amend commit list list read', ({ session }) =>
    session.amend(2, { content: 'other' }),
  ),
  row('Session.annotate', 'read messages amend', ({ session }) => session.annotate(2, { rating: 'up' })),
  row('Session.annotate (to what it is)', 'read messages', ({ session }) => session.annotate(2, {})),
  row('Session.reset', 'read commit trim list', ({ session }) => session.reset()),
  after(ask, 'Session.reset (after a turn)', 'read commit trim list read remove list', ({ session }) =>
    session.reset(),
  ),
  row('Session.remember (of the user)', 'read messages read read commit read', ({ session }) =>
    session.remember({ text: 'x' }, { scope: 'user' }),
  ),
  row('Session.rewind', 'read commit', ({ session }) => session.rewind(2)),
  row('Session.branches', 'read', ({ session }) => session.branches()),
  after(
    async (source) => source.rewind(2),
    'Session.switchBranch',
    'read commit',
    ({ session }, { id }) => session.switchBranch(id),
  ),
  row('Session.info', 'read messages', ({ session }) => session.info()),
  row('Session.info (twice)', 'read messages read', async ({ session }) => {
    await session.info()
    await session.info()
  }),
  after(ask, 'Session.info (after a turn)', 'read', ({ session }) => session.info()),
  row('Session.credential', 'read', ({ session }) => session.credential()),
  row('Session.rotateCredential', 'commit', ({ session }) => session.rotateCredential()),
  row('Session.bind', 'read commit read', ({ session }) => session.bind()),
  row('Session.transfer', 'read commit commit', ({ session }) => session.transfer({ mode: 'move' })),
  row('Session.transfers', 'read', ({ session }) => session.transfers()),
  after(transfer, 'Session.revokeTransfer', 'commit', ({ session }, { transferId }) =>
    session.revokeTransfer(transferId),
  ),
  after(
    async (source, theirs) => {
      const { transferId, secret } = await source.transfer({ mode: 'move', confirm: 'source' })
      const claimed = await theirs.for(alice).redeem({ secret })
      return { transferId, matchCode: claimed.status === 'pending' ? claimed.matchCode : '' }
    },
    'Session.approveTransfer',
    'commit',
    ({ session }, { transferId, matchCode }) => session.approveTransfer(transferId, matchCode),
  ),
  after(transfer, 'Session.denyTransfer', 'commit', ({ session }, { transferId }) =>
    session.denyTransfer(transferId),
  ),
  row('Session.delete', 'read remove list list', ({ session }) => session.delete()),
  after(ask, 'Session.delete (after a turn)', 'read remove list remove list', ({ session }) =>
    session.delete(),
  ),

  row('SessionCart.earlierOrders', 'read list', ({ session }) => session.cart.earlierOrders()),
  row('SessionCart.get', 'read', ({ session }) => session.cart.get()),
  row('SessionCart.add', 'commit', ({ session }) => session.cart.add(phone)),
  row('SessionCart.merge', 'commit', ({ session }) => session.cart.merge(session.contents!.cart)),
  row('SessionCart.setQuantity', 'commit', ({ session }) => session.cart.setQuantity(lineOf(session), 2)),
  row('SessionCart.remove', 'commit', ({ session }) => session.cart.remove(lineOf(session))),
  row('SessionCart.clear', 'commit', ({ session }) => session.cart.clear()),
  row('SessionCart.checkout', 'commit', ({ session }) => session.cart.checkout()),
  row('SessionState.get', 'read', ({ session }) => session.state.get()),
  row('SessionState.update', 'commit', ({ session }) => session.state.update(() => ({ a: 1 }))),
  row('SessionState.merge', 'commit', ({ session }) => session.state.merge({ a: 1 })),
  row('SessionPreferences.get', 'read', ({ session }) => session.preferences.get()),
  row('SessionPreferences.merge', 'commit', ({ session }) => session.preferences.merge({ a: 1 })),
]

const lineOf = (session: Session) => session.contents!.cart.items[0]!.id

describe('what each verb calls the store for', () => {
  it.each(rows.map(({ verb, calls, made }) => [verb, calls === '' ? 'nothing' : calls, made] as const))(
    '%s: %s',
    async (_, calls, made) => {
      expect((await made()) || 'nothing').toBe(calls)
    },
  )

  it('has a row for every verb there is', () => {
    const { events: _, ...sessions } = service()
    const verbs = Object.entries({
      Sessions: Object.keys(sessions).filter((key) => !['ttl', 'privacy', 'consent', 'audit'].includes(key)),
      SessionsAudit: Object.keys(sessions.audit),
      SessionsPrivacy: Object.keys(sessions.privacy),
      SessionsConsent: Object.keys(sessions.consent),
      CallerConsent: Object.keys(sessions.for(alice).consent),
      CallerMemory: Object.keys(sessions.for(alice).memory),
      ...Object.fromEntries(
        [CallerSessions, SessionClass, SessionCart, SessionState, SessionPreferences].map(
          ({ name, prototype }) => [name, methodsOf(prototype)],
        ),
      ),
    }).flatMap(([owner, names]) => names.map((name) => `${owner}.${name}`))
    const covered = new Set(rows.map(({ verb }) => verb.split(' ')[0]))
    expect([...covered].toSorted()).toEqual(verbs.toSorted())
  })
})

// `describeTurns` loses the answers of turns, tests of their own those of the rest, which are no caller's.
const lostElsewhere = [
  'CallerSessions.describeTransfer',
  'Session.turn',
  'Sessions.armOf',
  'Sessions.import',
  'Sessions.sweep',
  'SessionsAudit.append',
  'SessionsAudit.checkpoint',
  'SessionsAudit.during',
  'SessionsConsent.set',
  'SessionsPrivacy.erase',
  'SessionsPrivacy.pseudonym',
]

it('every verb that writes is one whose answers get lost', () => {
  const writes = rows.filter(({ calls }) => /commit|amend|trim|remove|restore|sweep/.test(calls))
  const namesOf = (all: readonly { verb: string }[]) => all.map(({ verb }) => verb.split(' ')[0]!)
  const lost = [...namesOf(verbCases), ...lostElsewhere]
  expect(namesOf(writes).filter((verb) => !lost.includes(verb))).toEqual([])
})

function methodsOf(prototype: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name)
}
