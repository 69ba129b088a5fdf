import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import type { AuditEntry, AuditQuery, SessionsAudit } from '../../src/audit.js'
import { alice, codeOf, service, startGate } from '../service.js'

const secrets = ['a secret of the audit that is long enough']
const credentialSecrets = ['a secret that both processes know, and nobody else']
const acme = { tenantId: 'acme' }

/** A service with an audit, over a store that another one may have, too. */
const audited = (store: SessionStore = memoryStore(), options: SessionsOptions = {}) =>
  service({ store, credentialSecrets, audit: { secrets }, ...options })

async function entriesOf(audit: SessionsAudit, query: Partial<AuditQuery> = {}): Promise<AuditEntry[]> {
  const all: AuditEntry[] = []
  for await (const entry of audit.list({ ...acme, ...query })) all.push(entry)
  return all
}

describe('the audit', () => {
  it('keeps what is written to it, in order, without a name', async () => {
    const { audit } = audited()
    const first = await audit.append({
      ...acme,
      action: 'report.sent',
      actor: { userId: 'bob' },
      requestId: 'r1',
    })
    await audit.append({ ...acme, action: 'report.read', subject: { userId: 'bob' }, detail: { pages: 3 } })
    const entries = await entriesOf(audit)
    expect(entries).toMatchObject([
      { action: 'report.sent', outcome: 'done', requestId: 'r1', detail: {}, seq: 1 },
      { action: 'report.read', actor: 'host', detail: { pages: 3 }, seq: 2 },
    ])
    expect(entries[0]).toEqual(first)
    expect(entries[0]!.actor).toMatch(/^user:[\w-]{22}$/)
    expect(entries[1]!.subject).toBe(entries[0]!.actor)
    expect(await audit.pseudonym({ ...acme, userId: 'bob' })).toBe(entries[0]!.actor)
    expect(await audit.verify(acme)).toEqual({ ok: true, lanes: 1, entries: 2 })
  })

  it('lists by action, actor, subject, session and time, from any place on', async () => {
    const { audit } = audited()
    for (const userId of ['bob', 'eve']) {
      await audit.append({ ...acme, action: 'report.sent', actor: { userId }, sessionId: `of ${userId}` })
      await audit.append({ ...acme, action: 'reports', subject: { userId } })
    }
    const all = await entriesOf(audit)
    const seqsOf = async (query: Partial<AuditQuery>) => (await entriesOf(audit, query)).map(({ seq }) => seq)
    expect(await seqsOf({ action: 'report' })).toEqual([1, 3])
    expect(await seqsOf({ action: 'reports' })).toEqual([2, 4])
    expect(await seqsOf({ actor: { userId: 'eve' } })).toEqual([3])
    expect(await seqsOf({ actor: 'host' })).toEqual([2, 4])
    expect(await seqsOf({ subject: { userId: 'bob' } })).toEqual([2])
    expect(await seqsOf({ subject: { userId: 'nobody' } })).toEqual([])
    expect(await seqsOf({ sessionId: 'of eve' })).toEqual([3])
    expect(await seqsOf({ after: all[1]! })).toEqual([3, 4])
    expect(await seqsOf({ to: all[0]!.at })).toEqual([])
    expect(await seqsOf({ from: all[3]!.at + 1 })).toEqual([])
  })

  it('has an intent before an operation, and its end after it; one without an end is unsettled', async () => {
    const { audit } = audited()
    const during = async (work: () => Promise<unknown>) =>
      codeOf(audit.during({ ...acme, action: 'report.send' }, work))
    expect(await during(async () => 'sent')).toBe('settled')
    expect(await during(async () => Promise.reject(new Error('no paper')))).toBe('Error: no paper')
    expect(await during(async () => audited().for(alice).get('none'))).toBe('not_found')
    const killed = during(() => new Promise(() => {}))
    await expect.poll(() => entriesOf(audit)).toHaveLength(7)
    const entries = await entriesOf(audit)
    expect(entries.map(({ outcome }) => outcome)).toEqual([
      'intent',
      'done',
      'intent',
      'failed',
      'intent',
      'refused',
      'intent',
    ])
    expect(entries[5]!.detail).toEqual({ code: 'not_found' })
    expect(await entriesOf(audit, { unsettled: true })).toEqual([entries[6]])
    void killed
  })

  it('does nothing that could not be written down, and says 503', async () => {
    const { store, fail } = failingStore()
    const { audit } = audited(store)
    fail(true)
    let done = 0
    expect(await codeOf(audit.during({ ...acme, action: 'x' }, async () => done++))).toBe('unavailable')
    expect(await codeOf(audit.append({ ...acme, action: 'x' }))).toBe('unavailable')
    fail(false)
    await audit.during({ ...acme, action: 'x' }, async () => done++)
    expect(done).toBe(1)
    expect(await audit.verify(acme)).toEqual({ ok: true, lanes: 1, entries: 2 })
  })

  it('refuses what is no entry', async () => {
    const { audit } = audited()
    const refused = async (entry: object) => codeOf(audit.append({ ...acme, action: 'a', ...entry }))
    expect(await refused({ action: 'With Blanks' })).toBe('invalid')
    expect(await refused({ detail: { text: 'x'.repeat(2000) } })).toBe('too_large')
    expect(await refused({ detail: { deep: {} } })).toBe('invalid')
    expect(await refused({ subject: { userId: 'alice' }, detail: { of: 'the alice' } })).toBe('invalid')
    expect(await refused({ tenantId: '~users:acme' })).toBe('invalid')
    expect(await codeOf(service().audit.append({ ...acme, action: 'a' }))).toBe('invalid')
    expect(() => service({ audit: { secrets: ['short'] } })).toThrow('audit.secrets[0]')
    expect(() => service({ store: memoryStore(), audit: { secrets } })).toThrow('credentialSecrets')
    const shared = 'a secret for two things, 32 bytes or more'
    expect(() =>
      service({ credentialSecrets: ['x'.repeat(32), shared], audit: { secrets: [...secrets, shared] } }),
    ).toThrow(expect.objectContaining({ code: 'invalid', path: `audit.secrets[${secrets.length}]` }) as Error)
  })

  it('lets many write at once, each process in a lane of its own', async () => {
    const store = memoryStore()
    const processes = [audited(store), audited(store)]
    const gate = startGate()
    const writes = Array.from({ length: 400 }, async (_, index) => {
      await gate.opened
      return processes[index % 2]!.audit.append({ ...acme, action: 'a', detail: { index } })
    })
    gate.open()
    await Promise.all(writes)
    const entries = await entriesOf(processes[0]!.audit)
    expect(new Set(entries.map(({ detail }) => detail['index'])).size).toBe(400)
    for (const lane of new Set(entries.map((entry) => entry.lane))) {
      const seqs = entries.filter((entry) => entry.lane === lane).map(({ seq }) => seq)
      expect(seqs).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    }
    expect(await processes[1]!.audit.verify(acme)).toEqual({ ok: true, lanes: 2, entries: 400 })
  })

  it('goes on in another lane when its own is gone, and after a lost answer in the same one', async () => {
    const store = memoryStore()
    let lose = 0
    const commit: SessionStore['commit'] = async (ref, change) => {
      const committed = await store.commit(ref, change)
      if (lose-- > 0) throw new SessionError('unknown_outcome', 'lost')
      return committed
    }
    const losing = { ...store, commit }
    const { audit } = audited(losing)
    await audit.append({ ...acme, action: 'a' })
    lose = 1
    await audit.append({ ...acme, action: 'b' })
    expect(await audit.verify(acme)).toEqual({ ok: true, lanes: 1, entries: 2 })
    const [{ lane }] = (await entriesOf(audit)) as [AuditEntry]
    await store.remove({ tenantId: '~audit:acme', id: lane })
    await audit.append({ ...acme, action: 'c' })
    expect((await entriesOf(audit)).map(({ action }) => action)).toEqual(['c'])
    lose = 1
    await audited(losing).audit.append({ ...acme, action: 'd' })
    // Of entries of one millisecond those of either lane may come first.
    const actions = (await entriesOf(audit)).map(({ action }) => action)
    expect(actions.toSorted()).toEqual(['c', 'd'])
  })
})

function failingStore() {
  const store = memoryStore()
  let isFailing = false
  const commit: SessionStore['commit'] = async (ref, change) => {
    if (!isFailing) return store.commit(ref, change)
    throw new SessionError('unavailable', 'away')
  }
  return { store: { ...store, commit }, fail: (failing: boolean) => (isFailing = failing) }
}
