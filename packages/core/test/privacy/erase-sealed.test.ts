import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { encryptedStore, staticKeyring } from '../../src/sealed.js'
import { createSessionApi } from '../../src/http/api.js'
import { admin, alice, codeOf } from '../service.js'

const credentialSecrets = ['a secret of at least 32 characters']

it('erases a user of an encrypted store, whose key can be destroyed then', async () => {
  const store = encryptedStore(memoryStore(), {
    keyring: staticKeyring({ current: 'a', keys: { a: randomBytes(32) } }),
    indexKey: randomBytes(32),
  })
  const sessions = createSessions({ store, credentialSecrets })
  const mine = sessions.for(alice)
  await (await mine.create()).turn('Hello', () => 'Hi').result
  const receipt = await sessions.privacy.erase({ ...alice, by: 'alice', reason: 'asked' })
  expect(receipt.counts).toMatchObject({ sessions: 1, messages: 2 })
  expect(await store.destroyKey(alice)).toBe(true)
  // Another process, which has opened nothing yet.
  const others = createSessions({ store, credentialSecrets })
  expect(await others.privacy.erasure(alice)).toMatchObject({ status: 'done', receipt })
  expect((await others.for(alice).list()).items).toEqual([])
  expect(await codeOf(others.for(alice).create())).toBe('user_erased')
})

describe('the key of a user is destroyed after the erasure', () => {
  const asked = { ...alice, by: 'alice', reason: 'asked' }

  /** Sessions over a sealed store whose keys are elsewhere, and whose clock the test moves on. */
  function scene() {
    let now = Date.now()
    const sessionsAtRest = memoryStore({ clock: () => now })
    const store = encryptedStore(sessionsAtRest, {
      keyring: staticKeyring({ current: 'a', keys: { a: randomBytes(32) } }),
      indexKey: randomBytes(32),
      keys: memoryStore(),
    })
    const destroyed: string[] = []
    const destroyKey = async (user: { tenantId: string; userId: string; erasureId: string }) => {
      if (await store.destroyKey(user)) destroyed.push(user.userId)
    }
    const start = (...afterErase: ((user: typeof alice & { erasureId: string }) => Promise<void>)[]) =>
      createSessions({
        store,
        credentialSecrets,
        privacy: { afterErase: [destroyKey, ...afterErase] },
        onWarning: () => {},
      })
    return { store, sessionsAtRest, destroyed, start, pass: (ms: number) => void (now += ms) }
  }

  it('also over HTTP: nobody opens a backup of the sessions', async () => {
    const { store, sessionsAtRest, destroyed, start } = scene()
    const sessions = start()
    const { ref } = await sessions.for(alice).create({ messages: [{ role: 'user', content: 'Hi' }] })
    const backup = await sessionsAtRest.read(ref, { tail: 10 })
    const api = createSessionApi({ sessions, identify: () => admin, userRoutes: true })
    const send = async (method: string, path: string) => {
      const response = await api.handle(new Request(`https://api.test/users/alice${path}`, { method }))
      return (await response.json()) as { erasure: { status: string; receipt: { counts: object } } }
    }
    const { erasure } = await send('DELETE', '')
    expect(erasure).toMatchObject({ status: 'done', receipt: { counts: { sessions: 1, messages: 1 } } })
    expect(await send('GET', '/erasure')).toEqual({ erasure })
    expect(destroyed).toEqual(['alice'])
    await sessionsAtRest.restore(ref, backup!)
    expect(await codeOf(store.read(ref))).toBe('unknown_key')
  })

  it('by another process, when the first one died after it, or before it was told', async () => {
    const { store, destroyed, start, pass } = scene()
    let isReached = false
    const dying = start(async () => {
      isReached = true
      return new Promise(() => {})
    })
    await dying.for(alice).create()
    void dying.privacy.erase(asked)
    await expect.poll(() => isReached).toBe(true)
    const others = start()
    expect(await others.privacy.erasure(alice)).toMatchObject({ status: 'running' })
    expect(await codeOf(others.for(alice).create())).toBe('user_erased')
    pass(600_000)
    await others.sweep({ tenants: ['acme'] })
    expect(await others.privacy.erasure(alice)).toMatchObject({
      status: 'done',
      receipt: { by: 'subject', counts: { sessions: 1 } },
    })
    // The session that was refused meanwhile has made no other key.
    expect(destroyed).toEqual(['alice'])
    expect(await store.destroyKey(alice)).toBe(false)
    pass(3_600_000)
    expect((await others.for(alice).create()).isKept).toBe(true)
  })

  it('or the erasure is not done, and can be called again', async () => {
    const { start, destroyed } = scene()
    let isAway = true
    const sessions = start(async () => {
      if (isAway) throw new Error('the vault is away')
    })
    await sessions.for(alice).create()
    expect(await codeOf(sessions.privacy.erase(asked))).toBe('Error: the vault is away')
    expect(await sessions.privacy.erasure(alice)).toMatchObject({ status: 'running' })
    isAway = false
    expect((await sessions.privacy.erase(asked)).counts).toMatchObject({ sessions: 1 })
    expect(destroyed).toEqual(['alice'])
  })
})
