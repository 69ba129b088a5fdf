import { describe, expect, it, vi } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import { memoryStore, type Sessions, type SessionStore } from '../../src/index.js'
import { changingStore } from '../changing-store.js'
import { listLog } from '../analytics/list-log.js'
import { alice, codeOf, service } from '../service.js'
import { dumpOf } from './user-data.js'

const credentialSecrets = ['a secret that both services know, and nobody else']
const storage = (granted: boolean) => ({ purpose: 'storage', granted, version: '1', source: 'page' })
const over = (store: SessionStore) =>
  service({ store, credentialSecrets, consent: {}, limits: { maxSessionsPerUser: 1 } })

it('a user who withdraws the consent to storage meanwhile is told so, and no session of theirs takes a place', async () => {
  const outcomes: unknown[] = []
  for (let at = 1, calls = 1; at <= calls; at++) {
    const inner = memoryStore()
    const other = over(inner)
    const meeting = changingStore(inner, (call) =>
      call === at ? other.consent.set(alice, storage(false)) : undefined,
    )
    const created = over(meeting.store)
      .for(alice)
      .create({ id: 'late', messages: [{ role: 'user', content: 'a canary' }] })
    outcomes.push(
      await created.then(
        ({ isKept }) => (isKept ? 'kept' : 'not kept'),
        (error: { code: string; path?: string }) => [error.code, error.path],
      ),
    )
    calls = meeting.calls.length
    expect((await other.for(alice).list()).items, `after call ${at}`).toEqual([])
    expect(await dumpOf(inner, 'acme'), `after call ${at}`).not.toContain('canary')
    await other.consent.set(alice, storage(true))
    const next = other.for(alice)
    expect((await next.create({ id: 'next' })).isKept, `after call ${at}`).toBe(true)
    expect(await codeOf(next.create())).toBe('limit_reached')
  }
  // What comes after the last call takes away what was made.
  expect(outcomes).toEqual([...Array.from({ length: 4 }, () => ['consent_missing', 'storage']), 'kept'])
})

describe('a withdrawal wins, at whatever moment it comes, against', () => {
  const personal = { unsaid: { memory: true } }
  const preferences = { budget: 'a canary' }
  const place = (store: SessionStore) => service({ store, credentialSecrets, consent: personal })

  /** What a call is made with: a session of the user, a copy of it to be redeemed, and a session of nobody. */
  async function prepare(store: SessionStore) {
    const sessions = place(store)
    const { id, ...mine } = await prepared(sessions)
    const guest = await sessions.for({ tenantId: 'acme' }).create({ preferences })
    return { id, ...mine, credential: await guest.credential() }
  }
  async function prepared(sessions: Sessions) {
    const messages = [{ role: 'user' as const, content: 'Hi' }]
    const session = await sessions.for(alice).create({ preferences, messages })
    return { id: session.id, secret: (await session.transfer({ mode: 'copy' })).secret }
  }
  type At = { readonly sessions: Sessions } & Awaited<ReturnType<typeof prepare>>

  it.each([
    ['a creation', 'personalization', ({ sessions }) => sessions.for(alice).create({ preferences })],
    [
      'a change',
      'personalization',
      async ({ sessions, id }) => (await sessions.for(alice).get(id)).preferences.merge({ a: 'canary' }),
    ],
    [
      'a fork',
      'personalization',
      async ({ sessions, id }) => sessions.for(alice).fork(await sessions.for(alice).get(id)),
    ],
    [
      'a bind',
      'personalization',
      async ({ sessions, credential }) => (await sessions.for(alice).findByCredential(credential))!.bind(),
    ],
    ['a copy', 'personalization', ({ sessions, secret }) => sessions.for(alice).redeem({ secret })],
    [
      'a memory',
      'storage',
      async ({ sessions, id }) =>
        (await sessions.for(alice).get(id)).remember({ text: 'a canary' }, { scope: 'user' }),
    ],
  ] as [string, string, (at: At) => Promise<unknown>][])('%s', async (_, purpose, call) => {
    for (let at = 1, calls = 1; at <= calls; at++) {
      const inner = memoryStore()
      const given = await prepare(inner)
      const denied = { ...storage(false), purpose }
      let isDenied = false
      const meeting = changingStore(inner, async (each) => {
        if (each === at) isDenied = (await place(inner).consent.set(alice, denied)) !== undefined
      })
      await codeOf(call({ ...given, sessions: place(meeting.store) }))
      calls = meeting.calls.length
      if (!isDenied) break
      const ofNobody = await inner.list({ tenantId: 'acme', limit: 9 })
      for (const { id, userId } of ofNobody.items)
        if (userId === undefined) await inner.remove({ tenantId: 'acme', id })
      expect(await dumpOf(inner, 'acme'), `after call ${at}`).not.toContain('canary')
    }
  })
})

it('a withdrawal finds a session that becomes active meanwhile, and what is kept for its requests', async () => {
  const inner = memoryStore()
  const pages = changingStore(inner, async () => {
    if (pages.calls.at(-1) === 'list') await touch()
  })
  const sessions = service({ store: pages.store, credentialSecrets, consent: {} })
  const mine = sessions.for(alice)
  const first = await mine.create({ preferences: { budget: 'a canary' } })
  for (let index = 0; index < 101; index++) await mine.create()
  let touch = async () => {}
  const api = createSessionApi({ sessions, identify: () => alice })
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': 'the key of this request'.replaceAll(' ', '-'),
  }
  const request = { method: 'PATCH', headers, body: '{"style":"a canary"}' }
  const answer = await api.handle(new Request(`https://api.test/sessions/${first.id}/preferences`, request))
  expect(answer.status).toBe(200)
  const { activeAt } = (await inner.read({ tenantId: 'acme', id: first.id }))!.record
  vi.spyOn(performance, 'now').mockImplementation(() => activeAt + 120_000 - performance.timeOrigin)
  touch = async () => {
    touch = async () => {}
    await inner.commit(
      { tenantId: 'acme', id: first.id },
      { messages: [{ id: 'm', payload: '{}' }], idleMs: 900_000 },
    )
  }
  await mine.consent.set({ ...storage(false), purpose: 'personalization' })
  vi.restoreAllMocks()
  expect(await dumpOf(inner, 'acme')).not.toContain('canary')
})

it('a withdrawal takes the preferences out of an answer that is being kept', async () => {
  const consent = { purpose: 'personalization', version: '1', source: 'page' }
  for (let at = 1, calls = 1; at <= calls; at++) {
    const inner = memoryStore()
    const other = service({ store: inner, credentialSecrets, consent: {} })
    const { id } = await other.for(alice).create({ preferences: { colour: 'a canary' } })
    const meeting = changingStore(inner, (call) =>
      call === at ? other.consent.set(alice, { ...consent, granted: false }) : undefined,
    )
    const sessions = service({ store: meeting.store, credentialSecrets, consent: {} })
    const api = createSessionApi({ sessions, identify: () => alice })
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'key' }
    const request = { method: 'PATCH', headers, body: JSON.stringify({ size: 'a canary' }) }
    await api.handle(new Request(`https://api.test/sessions/${id}/preferences`, request))
    calls = meeting.calls.length
    expect(await dumpOf(inner, 'acme'), `after call ${at}`).not.toContain('canary')
  }
})

it('a withdrawal of all wins against a look at what sessions say', async () => {
  const analytics = { unsaid: { analytics: true } }
  for (let at = 1, calls = 1; at <= calls; at++) {
    const log = listLog()
    const inner = memoryStore()
    const settings = { credentialSecrets, consent: analytics, analytics: { log } }
    const other = service({ store: inner, ...settings })
    await other.for(alice).create({ preferences: { colour: 'a canary' } })
    const meeting = changingStore(inner, (call) =>
      call === at ? other.consent.set(alice, storage(false)) : undefined,
    )
    await service({ store: meeting.store, ...settings }).sweep({ tenants: ['acme'] })
    calls = meeting.calls.length
    expect(JSON.stringify(log.kept()), `after call ${at}`).not.toContain('canary')
  }
})
