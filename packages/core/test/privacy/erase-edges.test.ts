import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { alice, bob, service } from '../service.js'
import { settings } from './user-data.js'

const says = { purpose: 'newsletter', granted: true, version: '1', source: 'page' }
const over = (store: SessionStore = memoryStore(), options: object = {}) =>
  service({ ...settings, store, ...options })

describe('an erasure', () => {
  it('is refused with the path of what is wrong', async () => {
    const pathOf = async (asked: object, sessions = over()) =>
      sessions.privacy.erase({ ...alice, by: 'support', reason: 'article 17', ...asked }).then(
        () => undefined,
        ({ path }: { path?: string }) => path,
      )
    expect(await pathOf({ by: '' })).toBe('by')
    expect(await pathOf({ by: 'x'.repeat(201) })).toBe('by')
    expect(await pathOf({ by: 'x'.repeat(200) })).toBeUndefined()
    expect(await pathOf({ reason: '' })).toBe('reason')
    expect(await pathOf({ userId: 'Bob', reason: 'Bob asked' })).toBe('reason')
    expect(await pathOf({ userId: 'Bo', reason: 'Bo asked' })).toBeUndefined()
    expect(await pathOf({}, service({ store: memoryStore() }))).toBe('credentialSecrets')
  })

  it('says who asked for it: the user, or another name', async () => {
    const sessions = over()
    const reason = 'article 17'
    expect(await sessions.privacy.erase({ ...alice, by: 'alice', reason })).toMatchObject({
      by: 'subject',
      reason,
    })
    expect(await sessions.privacy.erase({ ...bob, by: 'support', reason })).toMatchObject({
      by: 'support',
      reason,
    })
  })

  it('of the same user, asked for twice, is one; of another user, another one', async () => {
    const sessions = over()
    for (const user of [alice, bob]) await sessions.for(user).create()
    const ask = async (user: typeof alice) =>
      sessions.privacy.erase({ ...user, by: 'support', reason: 'article 17' })
    const [one, again, other] = await Promise.all([ask(alice), ask(alice), ask(bob)])
    expect(again).toBe(one)
    expect(other.id).not.toBe(one.id)
    expect([one.counts['sessions'], other.counts['sessions']]).toEqual([1, 1])
  })

  it('counts the record of the user, where there was one', async () => {
    const sessions = over(memoryStore(), { consent: {} })
    await sessions.consent.set(alice, says)
    const ask = async (user: typeof alice) =>
      (await sessions.privacy.erase({ ...user, by: 'support', reason: 'article 17' })).counts
    expect(await ask(alice)).toMatchObject({ users: 1 })
    expect(await ask(bob)).not.toHaveProperty('users')
  })

  it('that fails is no unhandled rejection for who waits for one of its ends alone', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const onErase = [async () => Promise.reject(new Error('no files today'))]
    const sessions = over(memoryStore(), { privacy: { onErase } })
    const asking = sessions.privacy.erase({ ...alice, by: 'support', reason: 'article 17' })
    await expect(asking).rejects.toThrow('no files today')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})

it('a pseudonym is the same for all processes, and has 22 characters', async () => {
  const store = memoryStore()
  const consent = { unsaid: { analytics: true } }
  const sessions = over(store, { consent })
  const pseudonym = await sessions.privacy.pseudonym(alice)
  expect(pseudonym).toMatch(/^[\w-]{22}$/)
  expect(await sessions.privacy.pseudonym(alice)).toBe(pseudonym)
  expect(await over(store, { consent }).privacy.pseudonym(alice)).toBe(pseudonym)
  await expect(over(store, { consent: {} }).privacy.pseudonym(alice)).rejects.toMatchObject({
    code: 'consent_missing',
    path: 'analytics',
  })
})
