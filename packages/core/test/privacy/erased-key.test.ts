import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import { createSessions, memoryStore, type Sessions } from '../../src/index.js'
import { encryptedStore, staticKeyring } from '../../src/sealed.js'
import { changingStore } from '../changing-store.js'
import { alice, codeOf } from '../service.js'

const credentialSecrets = ['a secret of at least 32 characters']
const asked = { ...alice, by: 'alice', reason: 'asked' }
const said = { role: 'user' as const, content: 'Hi' }

const post = (sessions: Sessions, path: string, body: object) => {
  const api = createSessionApi({ sessions, identify: () => alice, respond: () => 'Hi', userRoutes: true })
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'the-key-of-this-request' }
  return api.handle(
    new Request(`https://api.test${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
  )
}

/** The session that the user has, if there is one. */
const first = async (sessions: Sessions) => {
  const mine = sessions.for(alice)
  return mine.get((await mine.list()).items[0]?.id ?? 'none')
}

/** What a caller may try for a user who is gone. `other` is a session of somebody else, `theirs` a guest's. */
const attempts: readonly [string, (sessions: Sessions, guest: string, lines: string) => Promise<unknown>][] =
  [
    ['a creation', (sessions) => sessions.for(alice).create({ messages: [said] })],
    ['a draft that is written to', (sessions) => sessions.for(alice).draft().append(said)],
    [
      'a fork',
      async (sessions, guest) => {
        const mine = sessions.for(alice)
        return mine.fork((await mine.findByCredential(guest))!)
      },
    ],
    ['a bind', async (sessions, guest) => (await sessions.for(alice).findByCredential(guest))!.bind()],
    ['an import', (sessions, _, lines) => sessions.for(alice).import(lines)],
    ['a turn', async (sessions) => (await first(sessions)).turn('Hi', () => 'Hello').result],
    ['a transfer', async (sessions) => (await first(sessions)).transfer({ mode: 'move' })],
    ['a memory', async (sessions) => (await first(sessions)).remember({ text: 'Hi' }, { scope: 'user' })],
    [
      'a message that is answered',
      async (sessions) =>
        post(sessions, `/sessions/${(await first(sessions)).id}/message`, { content: 'Hi' }),
    ],
    ['a request', (sessions) => post(sessions, '/sessions', { title: 'Mine' })],
    ['a message', (sessions) => post(sessions, '/sessions/none/message', { content: 'Hi' })],
  ]

function scene() {
  const store = encryptedStore(memoryStore(), {
    keyring: staticKeyring({ current: 'a', keys: { a: randomBytes(32) } }),
    indexKey: randomBytes(32),
    keys: memoryStore(),
  })
  const destroyKey = async (user: { tenantId: string; userId: string }) => {
    await store.destroyKey(user)
  }
  const settings = { credentialSecrets, privacy: { afterErase: [destroyKey] }, onWarning: () => {} }
  return { store, settings, sessions: createSessions({ store, ...settings }) }
}

async function prepared(sessions: Sessions): Promise<{ guest: string; lines: string }> {
  const mine = await sessions.for(alice).create({ messages: [said] })
  let lines = ''
  for await (const line of mine.export()) lines += line
  return { guest: await (await sessions.for({ tenantId: 'acme' }).create()).credential(), lines }
}

it.each(attempts)('%s makes no new key of a user who was erased', async (_, attempt) => {
  const { store, sessions } = scene()
  const { guest, lines } = await prepared(sessions)
  await sessions.privacy.erase(asked)
  expect(await codeOf(attempt(sessions, guest, lines))).toMatch(/^(user_erased|not_found|settled)$/)
  await sessions.settled()
  expect(await store.destroyKey(alice)).toBe(false)
})

it.each(attempts)('%s leaves no key when the user is erased meanwhile', async (_, attempt) => {
  for (let at = 1, calls = 1; at <= calls; at++) {
    const { store, settings, sessions } = scene()
    const { guest, lines } = await prepared(sessions)
    const meeting = changingStore(store, (call) => (call === at ? sessions.privacy.erase(asked) : undefined))
    const others = createSessions({ ...settings, store: meeting.store })
    await codeOf(attempt(others, guest, lines))
    calls = meeting.calls.length
    await others.settled()
    expect(await store.destroyKey(alice), `after call ${at}`).toBe(false)
  }
})
