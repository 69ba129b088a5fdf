import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import {
  memoryStore,
  type Session,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import { changingStore } from '../changing-store.js'
import { codeOf, service } from '../service.js'
import { dumpOf, erasing, settings, user } from './user-data.js'

interface Prepared {
  readonly mine: Session
  readonly guest: string
}

interface Operation {
  readonly name: string
  readonly run: (sessions: Sessions, prepared: Prepared) => Promise<unknown>
  /** What the service asks its users for (default: nothing). */
  readonly consent?: SessionsOptions['consent']
}

const consent = { unsaid: { analytics: true } }
const decision = { purpose: 'analytics', granted: true, version: '1', source: 'a canary' }

const said = { role: 'user' as const, content: 'a canary' }
const post = async (sessions: Sessions, path: string, body: object) => {
  const api = createSessionApi({ sessions, identify: () => user, respond: () => 'a canary' })
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'the-key-of-this-request' }
  const request = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await api.handle(new Request(`https://api.test${path}`, request))
  if (response.status === 400 || response.status === 422) throw new Error(await response.text())
  return response
}

const operations: readonly Operation[] = [
  { name: 'a creation', run: (sessions) => sessions.for(user).create({ messages: [said] }) },
  { name: 'a draft that is written to', run: (sessions) => sessions.for(user).draft().append(said) },
  {
    name: 'a fork',
    run: async (sessions, { mine }) => sessions.for(user).fork(await handle(sessions, mine)),
  },
  { name: 'an append', run: async (sessions, { mine }) => (await handle(sessions, mine)).append(said) },
  {
    name: 'a bind',
    run: async (sessions, { guest }) => (await sessions.for(user).findByCredential(guest))!.bind(),
  },
  {
    name: 'a turn',
    run: async (sessions, { mine }) =>
      (await handle(sessions, mine)).turn('a canary', () => 'a canary').result,
  },
  {
    name: 'a transfer',
    run: async (sessions, { mine }) => (await handle(sessions, mine)).transfer({ mode: 'move' }),
  },
  {
    name: 'a keyed request that creates',
    run: (sessions) => post(sessions, '/sessions', { title: 'a canary' }),
  },
  {
    name: 'a keyed request that forks',
    run: (sessions, { mine }) => post(sessions, `/sessions/${mine.id}/fork`, {}),
  },
  {
    name: 'a keyed request that appends',
    run: (sessions, { mine }) => post(sessions, `/sessions/${mine.id}/messages`, { messages: [said] }),
  },
  {
    name: 'a keyed message',
    run: (sessions, { mine }) => post(sessions, `/sessions/${mine.id}/message`, { content: 'a canary' }),
  },
  { name: 'a decision', run: (sessions) => sessions.for(user).consent.set(decision), consent },
  {
    name: 'a withdrawal',
    run: (sessions) => sessions.for(user).consent.set({ ...decision, granted: false }),
    consent,
  },
  {
    name: 'a withdrawal of all',
    run: (sessions) => sessions.for(user).consent.set({ ...decision, purpose: 'storage', granted: false }),
    consent,
  },
  { name: 'a pseudonym', run: (sessions) => sessions.privacy.pseudonym(user), consent },
]

const handle = (sessions: Sessions, { id }: Session) => sessions.for(user).get(id)

async function prepare(store: SessionStore): Promise<Prepared> {
  const sessions = service({ store, ...settings })
  const mine = await sessions.for(user).create({ messages: [said] })
  // Nothing of it is left to be found when nobody binds it.
  const guest = await sessions.for({ tenantId: 'acme' }).create()
  return { mine, guest: await guest.credential() }
}

/** Runs an operation while another process erases its user, right after the n-th call of the store. */
async function meet({ run, consent }: Operation, at: number): Promise<{ calls: number; dump: string }> {
  const inner = memoryStore()
  const prepared = await prepare(inner)
  const other = service({ store: inner, ...settings })
  const meeting = changingStore(inner, (call) => (call === at ? other.privacy.erase(erasing) : undefined))
  const asking = consent === undefined ? settings : { ...settings, consent }
  const sessions = service({ store: meeting.store, ...asking })
  expect(await codeOf(run(sessions, prepared))).toMatch(/^[a-z_]+$/)
  await sessions.settled()
  return { calls: meeting.calls.length, dump: await dumpOf(inner, 'acme') }
}

describe('an erasure wins, at whatever moment it comes, against', () => {
  it.each(operations.map((operation) => [operation.name, operation] as const))('%s', async (_, operation) => {
    for (let at = 1, calls = 1; at <= calls; at++) {
      const met = await meet(operation, at)
      calls = met.calls
      expect(met.dump, `after call ${at}`).not.toContain(user.userId)
      expect(met.dump, `after call ${at}`).not.toContain('canary')
    }
  })
})

it('a withdrawal wins against a pseudonym, at whatever moment it comes', async () => {
  for (let at = 1, calls = 1; at <= calls; at++) {
    const inner = memoryStore()
    const other = service({ store: inner, ...settings, consent })
    const withdraw = () => other.for(user).consent.set({ ...decision, granted: false })
    const meeting = changingStore(inner, (call) => (call === at ? withdraw() : undefined))
    await codeOf(service({ store: meeting.store, ...settings, consent }).privacy.pseudonym(user))
    calls = meeting.calls.length
    expect(await dumpOf(inner, 'acme'), `after call ${at}`).not.toContain('pseudonymKey')
  }
})

describe('while the fence stands', () => {
  it('no session can be made for the user, or given to the user, and a guest keeps theirs', async () => {
    const store = memoryStore()
    const { guest } = await prepare(store)
    const sessions = service({ store, ...settings })
    await sessions.privacy.erase(erasing)
    const mine = sessions.for(user)
    expect(await codeOf(mine.create())).toBe('user_erased')
    expect(await codeOf(mine.open('one'))).toBe('user_erased')
    expect(await codeOf(mine.draft().append(said))).toBe('user_erased')
    const anonymous = (await mine.findByCredential(guest))!
    expect(await codeOf(mine.fork(anonymous))).toBe('user_erased')
    expect(await codeOf(anonymous.bind())).toBe('user_erased')
    expect((await anonymous.read()).record.userId).toBeUndefined()
    expect(await dumpOf(store, 'acme')).not.toContain(user.userId)
  })

  it('others go on, in this tenant and in others', async () => {
    const sessions = service(settings)
    await sessions.privacy.erase(erasing)
    await sessions.for({ tenantId: 'acme', userId: 'bob' }).create()
    await sessions.for({ tenantId: 'other', userId: user.userId }).create()
  })

  it('and not after it, for whoever registers again', async () => {
    const sessions = service({ ...settings, privacy: { fenceMs: 1 } })
    await sessions.privacy.erase(erasing)
    await expect.poll(() => codeOf(sessions.for(user).create())).toBe('settled')
    expect(await sessions.privacy.erasure(user)).toBeUndefined()
  })
})
