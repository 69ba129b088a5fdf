import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  memoryStore,
  SessionError,
  type SessionEvent,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import type { AuditEntry, SessionsAudit } from '../../src/audit.js'
import { createSessionApi } from '../../src/http/api.js'
import { wrapStore } from '../../src/testing.js'
import { admin, alice, anonymous, bob, codeOf, service, startGate } from '../service.js'

const credentialSecrets = ['a secret that both processes know, and nobody else']
const audit = { secrets: ['a secret of the audit that is long enough'] }
const said = { role: 'user' as const, content: 'Hi' }
const boss = { ...admin, userId: 'boss' }

const audited = (options: SessionsOptions = {}, store: SessionStore = memoryStore()) =>
  service({ store, credentialSecrets, audit, ...options })

async function entriesOf(of: SessionsAudit, tenantId = 'acme'): Promise<AuditEntry[]> {
  const all: AuditEntry[] = []
  for await (const entry of of.list({ tenantId })) all.push(entry)
  return all
}

describe('an admin who may not read', () => {
  const shows = [
    'read',
    'history',
    'context',
    'compact',
    'remember',
    'forget',
    'allMessages',
    'turn',
    'watchTurn',
    'watch',
    'subscribe',
    'orders',
    'redact',
    'amend',
    'annotate',
    'rewind',
    'branches',
    'switchBranch',
    'info',
    'export',
    'credential',
    'rotateCredential',
    'bind',
    'transfer',
    'transfers',
    'approveTransfer',
  ] as const
  const writes = [
    'append',
    'cancel',
    'currentTurn',
    'delete',
    'denyTransfer',
    'edit',
    'extend',
    'pseudonym',
    'reset',
  ]
  const verbsOf = (handle: object): string[] =>
    Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(handle) as object))
      .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
      .map(([name]) => name)

  it('gets nothing of the contents from any verb, of a session of a user or of nobody', async () => {
    const sessions = audited({ adminReads: false })
    for (const whose of [alice, anonymous]) {
      const { id } = await sessions.for(whose).create({ title: 'T', messages: [said] })
      const session = await sessions.for(boss).get(id)
      expect(session.record.title).toBeUndefined()
      expect(() => session.contents).toThrow(SessionError)
      const called = async (handle: object, verb: string) =>
        codeOf((async () => (handle as Record<string, (...args: unknown[]) => unknown>)[verb]!(said, said))())
      for (const verb of shows) expect([verb, await called(session, verb)]).toEqual([verb, 'forbidden'])
      for (const handle of [session.cart, session.state, session.preferences])
        for (const verb of verbsOf(handle))
          expect([verb, await called(handle, verb)]).toEqual([verb, 'forbidden'])
      // A new verb has to say here which it is.
      const known = [...shows, ...writes, 'store', 'revokeTransfer']
      expect(verbsOf(session).toSorted()).toEqual(known.toSorted())
      expect(await codeOf(sessions.for(boss).fork(session))).toBe('forbidden')
      await session.append(said)
      await session.edit({ title: 'another' })
      await session.reset()
      await session.delete()
    }
  })

  it('reads what is their own, and what a credential opens', async () => {
    const sessions = audited({ adminReads: (tenantId) => tenantId !== 'acme' })
    const own = await sessions.for(boss).create({ title: 'T', messages: [said] })
    expect((await (await sessions.for(boss).get(own.id)).read()).record.title).toBe('T')
    const guest = await sessions.for(anonymous).create({ messages: [said] })
    const opened = await sessions.for(boss).findByCredential(await guest.credential())
    expect(await opened!.allMessages()).toHaveLength(1)
    const elsewhere = { tenantId: 'other', userId: 'eve' }
    const { id } = await sessions.for(elsewhere).create({ messages: [said] })
    const read = await sessions.for({ ...boss, tenantId: 'other' }).get(id)
    expect(await read.allMessages()).toHaveLength(1)
    expect(() => service({ adminReads: 'no' as never })).toThrow('adminReads')
  })
})

describe('on record is', () => {
  it('each session that an admin gets, writes to and lists; or the admin does not get it', async () => {
    let isAway = false
    const store = wrapStore(memoryStore(), async (_, make) => {
      if (isAway) throw new SessionError('unavailable', 'away')
      return make()
    })
    const sessions = audited({ audit: { ...audit, store } })
    const { id } = await sessions.for(alice).create()
    await sessions.for(boss).create({ id: 'own' })
    await sessions.for(boss).get('own')
    await sessions.for(boss).get(id)
    await sessions.for(admin).append(id, said)
    await sessions.for(boss).list()
    await sessions.for(boss).list({ userId: 'boss' })
    await sessions.for(boss).list({ userId: 'alice' })
    const [of, by] = await Promise.all([alice, boss].map((user) => sessions.audit.pseudonym(user)))
    const isNamed: unknown = expect.stringMatching(/^user:[\w-]{22}$/)
    expect([of, by]).toEqual([isNamed, isNamed])
    const guest = await sessions.for(anonymous).create()
    await sessions.for(boss).get(guest.id)
    const shown = (await entriesOf(sessions.audit)).map(({ action, outcome, actor, subject }) => [
      action,
      outcome,
      actor,
      subject,
    ])
    expect(shown).toEqual([
      ['admin.open', 'done', by, of],
      ['admin.open', 'done', 'admin', of],
      ['admin.list', 'done', by, undefined],
      ['admin.list', 'done', by, of],
      ['admin.open', 'done', by, undefined],
    ])
    isAway = true
    const asks = [
      () => sessions.for(boss).get(id),
      () => sessions.for(admin).append(id, said),
      () => sessions.for(boss).list(),
    ]
    for (const ask of asks) expect(await codeOf(ask())).toBe('unavailable')
    expect((await (await sessions.for(alice).get(id)).history()).messages).toHaveLength(1)
  })

  it('who was refused a session, once a minute, with how many times more', async () => {
    const sessions = audited()
    const { id } = await sessions.for(alice).create()
    const guest = await sessions.for(anonymous).create()
    const denied = async (count: number) => {
      for (let index = 0; index < count; index++) expect(await sessions.for(bob).find(id)).toBeUndefined()
      await sessions.settled()
      return (await entriesOf(sessions.audit)).map(({ detail }) => detail)
    }
    expect(await denied(5)).toEqual([{ reason: 'owner' }])
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
    onTestFinished(() => clock.mockRestore())
    expect(await denied(1)).toEqual([{ reason: 'owner' }, { reason: 'owner', more: 4 }])
    clock.mockReturnValue(performance.now() + 60_000)
    expect((await denied(2)).at(-1)).toEqual({ reason: 'owner' })
    expect(await sessions.for(bob).find(guest.id)).toBeUndefined()
    await sessions.settled()
    const [of, by] = await Promise.all([alice, bob].map((user) => sessions.audit.pseudonym(user)))
    expect(of).toMatch(/^user:/)
    const about = { action: 'read.denied', outcome: 'refused', actor: by }
    const [first, ...others] = await entriesOf(sessions.audit)
    expect(first).toMatchObject({ ...about, sessionId: id, subject: of })
    expect(others.at(-1)).toMatchObject({ ...about, sessionId: guest.id, detail: { reason: 'owner' } })
    expect(others.at(-1)!.subject).toBeUndefined()
  })

  it('what a limit or the check of the origin has refused', async () => {
    const sessions = audited()
    const limiter = { consume: async () => Promise.reject({ remainingPoints: 0, msBeforeNext: 1 }) as never }
    const api = createSessionApi({ sessions, limiter, identify: () => alice })
    const send = async (headers: Record<string, string> = {}) =>
      api.handle(
        new Request('https://api.test/sessions', {
          method: 'POST',
          headers: { 'x-request-id': 'r1', ...headers },
        }),
      )
    expect(() => createSessionApi({ sessions: service(), identify: () => alice, auditRoutes: true })).toThrow(
      'auditRoutes',
    )
    expect((await send()).status).toBe(429)
    expect((await send({ cookie: 'a=b', 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    await sessions.settled()
    const detail = { operation: 'createSession' }
    const limited = { action: 'request.limited', outcome: 'refused', requestId: 'r1', detail }
    expect(await entriesOf(sessions.audit)).toMatchObject([limited])
    expect(await entriesOf(sessions.audit, '~nobody')).toMatchObject([{ ...limited, action: 'request.csrf' }])
  })

  it('not what nobody waits for where it does not fit, or the store is away; that is counted', async () => {
    const gate = startGate()
    let isAway = false
    const store = wrapStore(memoryStore(), async (_, make) => {
      if (isAway) throw new SessionError('unavailable', 'away')
      await gate.opened
      return make()
    })
    const sessions = audited({ audit: { ...audit, store } })
    const denied = async (count: number) => {
      for (let index = 0; index < count; index++) {
        const { id } = await sessions.for(alice).create()
        await sessions.for(bob).find(id)
      }
    }
    const dropped = () => sessions.events.filter(({ type }: SessionEvent) => type === 'audit.dropped')
    await denied(300)
    gate.open()
    await sessions.settled()
    const kept = (await entriesOf(sessions.audit)).length
    expect(kept).toBeGreaterThan(100)
    expect(dropped()).toMatchObject([{ count: 300 - kept, sessionId: '', actor: 'system' }])
    isAway = true
    await denied(1)
    await sessions.settled()
    expect(dropped()).toHaveLength(2)
  })
})
