import { expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { changingStore } from '../changing-store.js'
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
