import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError } from '../../src/index.js'
import { haltingStore } from '../../src/testing.js'
import { listLog } from '../analytics/list-log.js'
import { alice, service } from '../service.js'
import { dumpOf } from './user-data.js'

// What is done in two steps is done to the end by the same call again, wherever the first one was cut off.

const credentialSecrets = ['a secret that all processes know, and nobody else']
const says = (purpose: string, granted: boolean) => ({ purpose, granted, version: '1', source: 'page' })

describe('a bind whose process dies, called again, removes what the guest has denied', () => {
  it.each([
    ['personalization', 'settled'],
    ['storage', 'consent_missing'],
    ['analytics', 'settled'],
    ['newsletter', 'settled'],
  ])('of %s', async (purpose, outcome) => {
    const run = async (call?: number) => {
      const store = memoryStore()
      const told: string[] = []
      const consent = {
        unsaid: { analytics: true },
        onWithdraw: [async (of: { purpose: string }) => void told.push(of.purpose)],
      }
      const living = service({ store, credentialSecrets, consent })
      const mine = living.for(alice)
      await mine.create({ preferences: { budget: 'a canary' } })
      await living.privacy.pseudonym(alice)
      const guest = await living.for({ tenantId: 'acme' }).create()
      // A guest without consent to storage has no session; the decision comes from one that was made before.
      await guest.consent.set(says('first', true))
      const { record, body } = (await store.read(guest.ref))!
      const denied = JSON.parse(body) as { consent: { purposes: Record<string, object> } }
      denied.consent.purposes[purpose] = { granted: false, version: '1', source: 'page', at: 1 }
      await store.commit(guest.ref, { revision: record.revision, body: JSON.stringify(denied) })
      const credential = await guest.credential()
      const bindBy = async (sessions: typeof living) =>
        (await sessions.for(alice).findByCredential(credential))?.bind()
      const halting = haltingStore(store, { call: call ?? Number.POSITIVE_INFINITY, when: 'after' })
      const dying = service({ store: halting.store, credentialSecrets, consent })
      const ended = bindBy(dying).catch(() => undefined)
      await Promise.race([halting.died, ended])
      const { calls } = halting
      const bound = await bindBy(living).then(
        () => 'settled',
        (error: { code?: string }) => error.code,
      )
      return {
        calls: calls(),
        bound,
        told,
        dump: await dumpOf(store, 'acme'),
        consents: await mine.consent.get(),
      }
    }
    const whole = await run()
    expect(whole.told).toContain(purpose)
    expect(whole.calls).toBeGreaterThan(5)
    for (let call = 1; call <= whole.calls; call++) {
      const { bound, told, dump, consents } = await run(call)
      expect([outcome, 'settled'], `after call ${call}`).toContain(bound)
      expect(consents.purposes[purpose]?.granted, `after call ${call}`).toBe(false)
      expect(told, `after call ${call}`).toContain(purpose)
      expect(dump.includes('canary'), `after call ${call}`).toBe(whole.dump.includes('canary'))
      expect(dump.includes('pseudonymKey'), `after call ${call}`).toBe(whole.dump.includes('pseudonymKey'))
    }
  })
})

describe('what the log of the analytics could not forget, as it was away, it forgets', () => {
  it.each(['an erasure', 'a withdrawal of storage'])('when %s is called again', async (verb) => {
    const kept = listLog()
    let isAway = false
    const log = {
      ...kept,
      forget: async (tenantId: string, unit: string) => {
        if (isAway) throw new SessionError('unavailable', 'The log is away.')
        return kept.forget(tenantId, unit)
      },
    }
    const options = { store: memoryStore(), credentialSecrets, consent: { unsaid: { analytics: true } } }
    const process = () => service({ ...options, analytics: { log } })
    const sessions = process()
    await sessions.for(alice).create({ messages: [{ role: 'user', content: 'canaries, canaries' }] })
    await sessions.sweep({ tenants: ['acme'] })
    expect(kept.kept()).toHaveLength(1)
    const removing = async () => {
      // Each time another process, which remembers nothing.
      const other = process()
      if (verb === 'an erasure') return other.privacy.erase({ ...alice, by: 'alice', reason: 'article 17' })
      return other.consent.set(alice, says('storage', false))
    }
    isAway = true
    for (let tries = 0; tries < 2; tries++)
      await expect(removing()).rejects.toMatchObject({ code: 'unavailable' })
    isAway = false
    const done = await removing()
    expect(kept.kept()).toEqual([])
    if ('counts' in done) expect(done.counts).toMatchObject({ sessions: 1, analytics: 1 })
    expect(await dumpOf(options.store, 'acme')).not.toMatch(/analyticsKey|analyticsGone/)
  })
})
