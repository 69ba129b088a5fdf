import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import type { AuditCheckpoint, AuditEntry, SessionsAudit } from '../../src/audit.js'
import { alice, bob, codeOf, service } from '../service.js'

const acme = { tenantId: 'acme' }
const tenants = ['acme']
const dayMs = 24 * 3_600_000
const secrets = ['a secret of the audit that is long enough']

const audited = (store: SessionStore, options: Partial<SessionsOptions> = {}) =>
  service({
    store,
    credentialSecrets: ['a secret that both processes know, and nobody else'],
    audit: { secrets },
    ...options,
  })

async function entriesOf(audit: SessionsAudit): Promise<AuditEntry[]> {
  const all: AuditEntry[] = []
  for await (const entry of audit.list(acme)) all.push(entry)
  return all
}

/** A store whose commits of the audit can fail. */
function failing() {
  const store = memoryStore()
  const state = { isAway: false }
  const commit: SessionStore['commit'] = async (ref, change) => {
    if (state.isAway && ref.tenantId === '~audit:acme') throw new SessionError('unavailable', 'away')
    return store.commit(ref, change)
  }
  return { store: { ...store, commit }, state }
}

describe('a sweep', () => {
  it('writes down how far lanes are, and what came since the last time alone', async () => {
    const told: AuditCheckpoint[] = []
    const onCheckpoint = (checkpoint: AuditCheckpoint) => void told.push(checkpoint)
    const sessions = audited(memoryStore(), { audit: { secrets, onCheckpoint } })
    await sessions.sweep({ tenants })
    expect(told).toEqual([])
    const { lane } = await sessions.audit.append({ ...acme, action: 'a1' })
    await sessions.sweep({ tenants })
    await sessions.audit.append({ ...acme, action: 'a2' })
    await sessions.sweep({ tenants })
    expect(told).toMatchObject([
      { ...acme, seq: 1, lanes: [{ lane, seq: 1 }] },
      { ...acme, seq: 2, lanes: [{ lane, seq: 2 }] },
    ])
    expect(await sessions.audit.verify({ ...acme, checkpoint: told[1]! })).toMatchObject({ ok: true })
  })

  it('warns where that fails, and goes on', async () => {
    const warnings: unknown[] = []
    const cause = new Error('no paper')
    const onCheckpoint = () => {
      throw cause
    }
    const options = {
      audit: { secrets, onCheckpoint },
      onWarning: (warning: unknown) => warnings.push(warning),
    }
    const sessions = audited(memoryStore(), options)
    await sessions.audit.append({ ...acme, action: 'a1' })
    expect(await sessions.sweep({ tenants })).toBe(0)
    expect(warnings).toMatchObject([{ code: 'checkpoint_failed', cause }])
  })

  it('does not name a lane without an entry, and not one that is none, which the check names', async () => {
    const { store, state } = failing()
    const sessions = audited(store)
    const commit = store.commit
    store.commit = async (ref, change) => {
      const committed = await commit(ref, change)
      state.isAway = true
      return committed
    }
    expect(await codeOf(sessions.audit.append({ ...acme, action: 'a' }))).toBe('unavailable')
    state.isAway = false
    store.commit = commit
    expect((await store.list({ tenantId: '~audit:acme', limit: 9 })).items).toHaveLength(1)
    expect(await sessions.audit.checkpoint(acme)).toEqual([])
    const forged = { tenantId: '~audit:acme', id: '2026-01-01.forged' }
    await store.commit(forged, { revision: 0, body: 'none' })
    expect(await sessions.audit.checkpoint(acme)).toEqual([])
    expect(await sessions.audit.verify(acme)).toMatchObject({ lane: forged.id, why: 'unknown lane' })
  })

  it('removes as many lanes as it may, none where they are kept for ever, and never one that is none', async () => {
    let now = Date.now()
    const store = memoryStore({ clock: () => now })
    for (let process = 0; process < 3; process++) await audited(store).audit.append({ ...acme, action: 'a' })
    const forged = { tenantId: '~audit:acme', id: '2026-01-01.forged' }
    await store.commit(forged, { revision: 0, body: 'none' })
    now += 40 * dayMs
    // What else is past its time goes first.
    await store.sweep({ limit: 100 })
    const lanes = async () =>
      (await store.list({ tenantId: '~audit:acme', limit: 9 })).items.filter(({ id }) => id !== 'checkpoints')
    const sweep = async (auditMs: number | undefined, limit: number) => {
      const retention = auditMs === undefined ? {} : { auditMs }
      return audited(store, { retention }).sweep({ tenants, limit })
    }
    expect(await sweep(undefined, 100)).toBe(0)
    expect(await sweep(Number.POSITIVE_INFINITY, 100)).toBe(0)
    expect(await lanes()).toHaveLength(4)
    expect(await sweep(10 * dayMs, 1)).toBe(1)
    expect(await lanes()).toHaveLength(3)
    expect(await sweep(10 * dayMs, 2)).toBe(2)
    expect((await lanes()).map(({ id }) => id)).toEqual([forged.id])
    expect(await sweep(10 * dayMs, 100)).toBe(0)
    await store.remove(forged)
    expect(await audited(store).audit.verify(acme)).toEqual({ ok: true, lanes: 0, entries: 0 })
  })
})

describe('an operation', () => {
  it('whose end cannot be written is done all the same, with a warning, and unsettled', async () => {
    const { store, state } = failing()
    const warnings: unknown[] = []
    const { audit } = audited(store, { onWarning: (warning) => warnings.push(warning) })
    const work = async () => {
      state.isAway = true
      return 'done'
    }
    expect(await audit.during({ ...acme, action: 'report.send' }, work)).toBe('done')
    expect(warnings).toMatchObject([{ code: 'audit_failed', cause: { code: 'unavailable' } }])
    expect((await entriesOf(audit)).map(({ outcome }) => outcome)).toEqual(['intent'])
  })

  it.each([
    ['unavailable', 'failed'],
    ['unknown_outcome', 'failed'],
    ['store_full', 'failed'],
    ['invalid', 'refused'],
    ['limit_reached', 'refused'],
  ] as const)('that ends with %s has %s', async (code, outcome) => {
    const { audit } = audited(memoryStore())
    const work = async () => Promise.reject(new SessionError(code, 'no'))
    expect(await codeOf(audit.during({ ...acme, action: 'a', id: 'mine' }, work))).toBe(code)
    expect((await entriesOf(audit))[1]).toMatchObject({ id: 'mine', outcome, detail: { code } })
  })

  it('that hands out a part, and fails, has failed', async () => {
    const store = memoryStore()
    let isAway = false
    const messages: SessionStore['messages'] = async (ref, query) => {
      if (isAway && ref.tenantId === 'acme') throw new SessionError('unavailable', 'away')
      return store.messages(ref, query)
    }
    const sessions = audited({ ...store, messages })
    const said = Array.from({ length: 300 }, (_, index) => ({ role: 'user' as const, content: `${index}` }))
    await sessions.for(alice).create({ messages: said })
    isAway = true
    const drained = async () => {
      for await (const _ of sessions.for(alice).export()) isAway = true
    }
    expect(await codeOf(drained())).toBe('unavailable')
    const [, end] = await entriesOf(sessions.audit)
    expect(end).toMatchObject({ action: 'user.export', outcome: 'failed', detail: { code: 'unavailable' } })
  })
})

describe('who a user is', () => {
  it('no entry says a minute after another process has erased the user', async () => {
    const store = memoryStore()
    const { audit } = audited(store)
    const append = async () => (await audit.append({ ...acme, action: 'a', actor: alice })).actor
    const before = await append()
    expect(before).toMatch(/^user:[\w-]{22}$/)
    await audited(store).privacy.erase({ ...alice, by: 'support', reason: 'article 17' })
    expect(await append()).toBe(before)
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
    onTestFinished(() => clock.mockRestore())
    expect(await append()).toBe('user:erased')
  })

  it('is the same for all processes, another for each tenant, and asked for again after a failure', async () => {
    const store = memoryStore()
    let isAway = false
    const read: SessionStore['read'] = async (ref, options) => {
      if (isAway) throw new SessionError('unavailable', 'away')
      return store.read(ref, options)
    }
    const { audit } = audited({ ...store, read })
    isAway = true
    expect(await codeOf(audit.append({ ...acme, action: 'a', actor: bob }))).toBe('unavailable')
    isAway = false
    const { actor } = await audit.append({ ...acme, action: 'a', actor: bob })
    expect((await audited(store).audit.append({ ...acme, action: 'a', actor: bob })).actor).toBe(actor)
    const others = [
      (await audit.append({ ...acme, action: 'a', actor: alice })).actor,
      (await audit.append({ tenantId: 'other', action: 'a', actor: bob })).actor,
    ]
    expect(new Set([actor, ...others]).size).toBe(3)
  })

  it('is one and the same in the entry of an erasure of whom no entry knows, and in no other', async () => {
    const sessions = audited(memoryStore())
    for (let count = 0; count < 2; count++)
      await sessions.privacy.erase({ ...bob, by: 'bob', reason: 'article 17' })
    const entries = await entriesOf(sessions.audit)
    expect(entries.map(({ outcome }) => outcome)).toEqual(['intent', 'done', 'intent', 'done'])
    for (const { actor, subject } of entries) expect(actor).toBe(subject)
    expect(new Set(entries.map(({ actor }) => actor)).size).toBe(2)
  })
})

describe('an entry', () => {
  it('of the wrong form is refused with the path of what is wrong', async () => {
    const { audit } = audited(memoryStore())
    const pathOf = async (entry: object): Promise<unknown> =>
      audit.append({ ...acme, action: 'a', ...entry }).then(
        () => undefined,
        (error: { path?: string }) => error.path,
      )
    const text = (length: number) => ({ detail: { t: 'x'.repeat(length - '{"t":""}'.length) } })
    expect(await pathOf(text(1024))).toBeUndefined()
    expect(await pathOf(text(1025))).toBe('detail')
    const names = (userId: string) => ({ subject: { userId }, detail: { of: 'Bobby' } })
    expect(await pathOf(names('Bob'))).toBe('detail')
    expect(await pathOf(names('Bo'))).toBeUndefined()
    expect(await pathOf({ detail: { undefined: 'x' } })).toBeUndefined()
    expect(await pathOf({ action: 'x'.repeat(60) })).toBeUndefined()
    for (const action of ['x'.repeat(61), ' a', 'a ', '', 'A'])
      expect(await pathOf({ action })).toBe('action')
    expect(await pathOf({ more: 1 })).not.toBeUndefined()
    expect(await pathOf({ detail: { a: null } })).toMatch(/^detail/)
    expect(await pathOf({ actor: 'nobody' })).toMatch(/^actor/)
    expect(await pathOf({ actor: { userId: '' } })).toMatch(/^actor/)
    expect((await audit.append({ ...acme, action: 'a', id: 'mine' })).id).toBe('mine')
  })

  it('is asked for by a query of the right form', async () => {
    const { audit } = audited(memoryStore())
    for (const wrong of [
      { tenantId: '~users:acme' },
      { tenantId: '' },
      { tenantId: 'a\u0000' },
      { more: 1 },
      { from: '1' },
    ])
      expect(() => audit.list({ ...acme, ...wrong } as never)).toThrow(
        expect.objectContaining({ code: 'invalid', path: Object.keys(wrong)[0] }),
      )
    const nobodys: AuditEntry[] = []
    for await (const entry of audit.list({ tenantId: '~nobody' })) nobodys.push(entry)
    expect(nobodys).toEqual([])
  })
})
