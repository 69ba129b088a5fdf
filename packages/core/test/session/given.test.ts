import { expect, it } from 'vitest'
import { giveSessions } from '../../src/http/give-sessions.js'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { giveToUser } from '../../src/session/new-credential.js'
import { liveSessionOf } from '../../src/session/live-of.js'
import { admin, alice, anonymous, bob, codeOf, service } from '../service.js'

const guest = { tenantId: 'acme', userId: 'guest:1' }

it('rotates under a new generation, and says so', async () => {
  const sessions = service()
  const session = await sessions.for(alice).create()
  sessions.events.length = 0
  await session.rotateCredential()
  expect(sessions.events).toMatchObject([
    { type: 'credential.rotated', sessionId: session.id, generation: expect.any(Number) as number },
  ])
})

it('binds under a new generation, and says so, the second time too', async () => {
  const sessions = service()
  const session = await sessions.for(anonymous).create({ preferences: { tone: 'short' } })
  const held = (await sessions.for(alice).findByCredential(await session.credential()))!
  sessions.events.length = 0
  const first = await held.bind()
  expect(sessions.events).toMatchObject([
    { type: 'session.bound', sessionId: session.id, userId: 'alice' },
    { type: 'credential.rotated', sessionId: session.id, generation: expect.any(Number) as number },
  ])
  expect(await held.preferences.get()).toEqual({ tone: 'short' })
  const second = await held.bind()
  expect(second).not.toBe(first)
  expect(await sessions.for(alice).findByCredential(first)).toBeUndefined()
  expect((await sessions.for(alice).findByCredential(second))?.id).toBe(session.id)
})

it('gives all sessions of a guest, the most active first, and voids their credentials', async () => {
  const sessions = service()
  const theirs = sessions.for(guest)
  const one = await theirs.create({ title: 'one' })
  const two = await theirs.create({ title: 'two' })
  const old = await one.credential()
  expect((await giveSessions(theirs, alice)).toSorted()).toEqual([one.id, two.id].toSorted())
  expect((await theirs.list()).items).toEqual([])
  expect((await sessions.for(alice).list()).items).toHaveLength(2)
  expect(await sessions.for(guest).findByCredential(old)).toBeUndefined()
  expect(await sessions.for(alice).findByCredential(old)).toBeUndefined()
  expect(await giveSessions(theirs, alice)).toEqual([])
})

it('gives a session of a guest once, however many give it at once', async () => {
  const sessions = service()
  const { id } = await sessions.for(guest).create()
  const handles = await Promise.all([1, 2, 3].map(async () => sessions.for(guest).get(id)))
  const codes = await Promise.all(
    handles.map((session) => codeOf(giveToUser(liveSessionOf(session, 'session'), alice, guest.userId))),
  )
  expect(codes.toSorted()).toEqual(['not_found', 'not_found', 'settled'])
  expect(sessions.events.filter(({ type }) => type === 'credential.rotated')).toHaveLength(1)
})

it('gives a session of nobody, too, for whoever hands over what a guest has', async () => {
  const sessions = service()
  const session = await sessions.for(anonymous).create()
  await giveToUser(liveSessionOf(session, 'session'), alice, guest.userId)
  expect((await sessions.for(alice).get(session.id)).record.userId).toBe('alice')
})

it('gives nobody the session of a user, not even an admin', async () => {
  const sessions = service()
  const { id } = await sessions.for(alice).create()
  const opened = await sessions.for({ ...admin, userId: 'root' }).get(id)
  expect(await codeOf(opened.bind())).toBe('not_found')
  expect((await sessions.for(alice).get(id)).record.userId).toBe('alice')
})

it('gives no session of a guest that is somebody else’s by now, nor one of another guest', async () => {
  const sessions = service()
  const { id } = await sessions.for(guest).create()
  const late = await sessions.for(guest).get(id)
  const give = (to: typeof alice, from: string) => giveToUser(liveSessionOf(late, 'session'), to, from)
  expect(await codeOf(give(alice, 'guest:2'))).toBe('not_found')
  expect((await sessions.for(guest).get(id)).record.userId).toBe(guest.userId)
  await giveSessions(sessions.for(guest), bob)
  expect(await codeOf(give(alice, guest.userId))).toBe('not_found')
  expect((await sessions.for(bob).get(id)).record.userId).toBe('bob')
})

it('touches no session for a user who does not want it stored, or who is erased', async () => {
  const store = memoryStore()
  let commits = 0
  const counting = Object.assign(Object.create(store) as SessionStore, {
    commit: async (...given: Parameters<SessionStore['commit']>) => {
      commits++
      return store.commit(...given)
    },
  })
  const sessions = service({ store: counting, consent: {}, credentialSecrets: ['x'.repeat(32)] })
  const credential = await (await sessions.for(anonymous).create()).credential()
  await sessions.consent.set(alice, { purpose: 'storage', granted: false, version: '3', source: 'web' })
  await sessions.privacy.erase({ ...bob, by: 'admin', reason: 'asked' })
  const refusals = [
    [alice, { code: 'consent_missing', path: 'storage' }],
    [bob, { code: 'user_erased' }],
  ] as const
  for (const [user, refusal] of refusals) {
    const held = (await sessions.for(user).findByCredential(credential))!
    commits = 0
    await expect(held.bind()).rejects.toMatchObject(refusal)
    expect(commits, user.userId).toBe(0)
  }
  expect((await sessions.for(anonymous).findByCredential(credential))?.record.userId).toBeUndefined()
})
