import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore, type SessionsOptions } from '../../src/index.js'
import { type AuditEntry, auditedKeys, type AuditQuery, type SessionsAudit } from '../../src/audit.js'
import { createSessionApi } from '../../src/http/api.js'
import { encryptedStore, staticKeyring } from '../../src/sealed.js'
import { wrapStore } from '../../src/testing.js'
import { dumpOf } from '../privacy/user-data.js'
import { alice, anonymous, bob, codeOf, service } from '../service.js'

const credentialSecrets = ['a secret that both processes know, and nobody else']
const audit = { secrets: ['a secret of the audit that is long enough'] }
const acme = { tenantId: 'acme' }
const erasing = { ...alice, by: 'alice', reason: 'article 17' }
const denial = { purpose: 'personalization', granted: false, version: '1', source: 'page' }

const audited = (store: SessionStore = memoryStore(), options: SessionsOptions = {}) =>
  service({ store, credentialSecrets, consent: {}, audit, ...options })

async function entriesOf(of: SessionsAudit, query: Partial<AuditQuery> = {}): Promise<AuditEntry[]> {
  const all: AuditEntry[] = []
  for await (const entry of of.list({ ...acme, ...query })) all.push(entry)
  return all
}

const shown = (entries: readonly AuditEntry[]) =>
  entries.map(({ action, outcome, detail }) => [action, outcome, detail])

const drained = async (lines: AsyncIterable<string>) => {
  let text = ''
  for await (const line of lines) text += line
  return text
}

describe('on record, with intent and outcome', () => {
  it('is an erasure, after which nothing tells whose it was', async () => {
    const store = memoryStore()
    const sessions = audited(store)
    await sessions.for(alice).create({ messages: [{ role: 'user', content: 'Hi' }] })
    await sessions.consent.set(alice, denial)
    const pseudonym = await sessions.audit.pseudonym(alice)
    await sessions.privacy.erase(erasing)
    const entries = await entriesOf(sessions.audit)
    expect(shown(entries)).toEqual([
      ['consent.set', 'intent', { purpose: 'personalization', granted: false }],
      ['consent.set', 'done', { purpose: 'personalization', granted: false }],
      ['user.erase', 'intent', {}],
      ['user.erase', 'done', { sessions: 1, messages: 1 }],
    ])
    expect(entries.map(({ subject }) => subject)).toEqual(Array.from({ length: 4 }, () => pseudonym))
    expect(entries.map(({ actor }) => actor)).toEqual(['host', 'host', pseudonym, pseudonym])
    // Lanes stay and hold, but no key is left that makes the pseudonym again, and no record has the id.
    for (const each of [sessions, audited(store)]) {
      expect(await each.audit.verify(acme)).toEqual({ ok: true, lanes: 1, entries: 4 })
      expect(await each.audit.pseudonym(alice)).toBeUndefined()
      expect(await entriesOf(each.audit, { subject: alice })).toEqual([])
    }
    expect(await dumpOf(store, 'acme')).not.toContain('alice')
    await sessions.audit.append({ ...acme, action: 'late', actor: alice, subject: alice })
    expect((await entriesOf(sessions.audit)).at(-1)).toMatchObject({
      actor: 'user:erased',
      subject: 'user:erased',
    })
  })

  it('is an erasure that another process goes on with: it is one operation, and settled', async () => {
    const store = memoryStore()
    let isDead = false
    const dying = wrapStore(store, async (_, make) => {
      if (isDead) return new Promise(() => {})
      return make()
    })
    const first = audited(dying, {
      privacy: {
        onErase: [
          async () => {
            isDead = true
            return new Promise(() => {})
          },
        ],
      },
    })
    await first.for(alice).create()
    void first.privacy.erase(erasing)
    await expect.poll(() => isDead).toBe(true)
    const second = audited(store)
    const [open] = await entriesOf(second.audit, { unsettled: true })
    expect(open).toMatchObject({ action: 'user.erase', outcome: 'intent' })
    await second.privacy.erase({ ...erasing, by: 'support' })
    expect(await entriesOf(second.audit, { unsettled: true })).toEqual([])
    const outcomes = (await entriesOf(second.audit)).map(({ id, actor, outcome }) => [
      id === open!.id,
      actor === 'host',
      outcome,
    ])
    expect(outcomes).toEqual([
      [true, false, 'intent'],
      [true, true, 'intent'],
      [true, true, 'done'],
    ])
  })

  it('are exports and imports, also those that are cut off', async () => {
    const sessions = audited()
    const mine = sessions.for(alice)
    const session = await mine.create({ messages: [{ role: 'user', content: 'Hi' }] })
    const lines = await drained(mine.export())
    await drained(session.export({ format: 'markdown' }))
    for await (const _ of mine.export()) break
    await audited().for(alice).import(lines)
    await mine.import(lines)
    expect(await codeOf(mine.import('{}'))).toBe('invalid')
    const entries = (await entriesOf(sessions.audit)).filter(({ outcome }) => outcome !== 'intent')
    expect(shown(entries)).toEqual([
      ['user.export', 'done', {}],
      ['session.export', 'done', {}],
      ['user.export', 'failed', { cut: true }],
      ['sessions.import', 'done', { sessions: 0, messages: 0 }],
      ['sessions.import', 'refused', { code: 'invalid' }],
    ])
    const pseudonym = await sessions.audit.pseudonym(alice)
    expect(entries.every(({ actor }) => actor === pseudonym)).toBe(true)
    expect(entries[1]!.sessionId).toBe(session.id)
  })

  it('are exports that nobody has read a piece of', async () => {
    const sessions = audited()
    const { id } = await sessions.for(alice).create()
    const api = createSessionApi({ sessions, identify: () => alice, userRoutes: true })
    for (const path of [
      `sessions/${id}/export`,
      `sessions/${id}/export?format=markdown`,
      'users/alice/export',
    ])
      for (const method of ['HEAD', 'GET']) {
        const answer = await api.handle(new Request(`https://a.test/${path}`, { method }))
        expect(answer.status).toBe(200)
        await answer.body?.cancel()
      }
    const entries = await entriesOf(sessions.audit)
    const cut = entries.filter(({ outcome, detail }) => outcome === 'failed' && detail['cut'] === true)
    expect([entries.length, cut.length]).toEqual([12, 6])
    expect(await entriesOf(sessions.audit, { unsettled: true })).toEqual([])
  })

  it('are imports by the application, and by an admin over HTTP, for a user', async () => {
    const sessions = audited()
    const lines = await drained(audited().for(alice).export())
    await sessions.import(lines, alice)
    const boss = { ...acme, userId: 'boss', roles: ['admin'] }
    const api = createSessionApi({ sessions, identify: () => boss, importRoute: true })
    const headers = { 'content-type': 'application/jsonl', 'x-request-id': 'r1' }
    const request = new Request('https://api.test/sessions/import?userId=bob', {
      method: 'POST',
      headers,
      body: lines,
    })
    expect((await api.handle(request)).status).toBe(200)
    const entries = (await entriesOf(sessions.audit)).filter(({ outcome }) => outcome === 'done')
    const [of, other, by] = await Promise.all(
      [alice, bob, boss].map((user) => sessions.audit.pseudonym(user)),
    )
    expect(
      entries.map(({ action, actor, subject, requestId }) => [action, actor, subject, requestId]),
    ).toEqual([
      ['sessions.import', 'host', of, undefined],
      ['sessions.import', by, other, 'r1'],
    ])
  })

  it('are decisions on consent, of users, guests, and of guests who become users', async () => {
    const sessions = audited()
    const guest = await sessions.for(anonymous).create()
    await guest.consent.set(denial)
    const opened = await sessions.for(bob).findByCredential(await guest.credential())
    await opened!.bind()
    await sessions.for(bob).consent.set({ ...denial, granted: true })
    const entries = (await entriesOf(sessions.audit)).filter(({ outcome }) => outcome === 'done')
    const pseudonym = await sessions.audit.pseudonym(bob)
    expect(
      entries.map(({ action, actor, subject, sessionId }) => [action, actor, subject, sessionId]),
    ).toEqual([
      ['consent.set', 'anonymous', undefined, guest.id],
      ['consent.merge', pseudonym, pseudonym, guest.id],
      ['consent.set', pseudonym, pseudonym, undefined],
    ])
  })

  it('is the upkeep of keys', async () => {
    const store = encryptedStore(memoryStore(), {
      keyring: staticKeyring({ current: 'a', keys: { a: randomBytes(32) } }),
      indexKey: randomBytes(32),
    })
    const sessions = audited(store)
    const session = await sessions.for(alice).create()
    const keys = auditedKeys(store, sessions.audit, { userId: 'root' })
    await keys.rewrapKeys({ ...acme, limit: 10 })
    expect(await keys.rekey(session.ref)).toBe(false)
    expect(await codeOf(keys.encryptExisting({ tenantId: '~users:acme', limit: 1 }))).toBe('invalid')
    await sessions.privacy.erase(erasing)
    expect(await keys.destroyKey(alice)).toBe(true)
    const entries = (await entriesOf(sessions.audit)).filter(({ outcome }) => outcome !== 'intent')
    expect(shown(entries)).toEqual([
      ['keys.rewrap', 'done', {}],
      ['keys.rekey', 'done', {}],
      ['keys.seal', 'refused', { code: 'invalid' }],
      ['user.erase', 'done', { sessions: 1, messages: 0 }],
      ['keys.destroy', 'done', {}],
    ])
    expect(await sessions.audit.verify(acme)).toMatchObject({ ok: true })
  })

  it('or is not done at all', async () => {
    const store = memoryStore()
    const away = wrapStore(memoryStore(), async () => {
      throw new SessionError('unavailable', 'away')
    })
    const sessions = audited(store, { audit: { ...audit, store: away } })
    const mine = sessions.for(alice)
    const session = await mine.create({ preferences: { color: 'red' } })
    const lines = await drained(service({ store, credentialSecrets }).for(alice).export())
    expect(await codeOf(sessions.privacy.erase(erasing))).toBe('unavailable')
    expect(await codeOf(drained(mine.export()))).toBe('unavailable')
    expect(await codeOf(drained(session.export()))).toBe('unavailable')
    expect(await codeOf(mine.import(lines))).toBe('unavailable')
    expect(await codeOf(mine.consent.set(denial))).toBe('unavailable')
    expect(await session.preferences.get()).toEqual({ color: 'red' })
    expect(await sessions.privacy.erasure(alice)).toBeUndefined()
  })
})
