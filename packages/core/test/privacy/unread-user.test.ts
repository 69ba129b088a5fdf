import { expect, it } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { sideRecordTenant } from '../../src/sealed.js'
import { alice, codeOf } from '../service.js'

const secrets = ['a secret that is long enough for all of these tests']
const usersTenant = sideRecordTenant('users', 'acme')

/** A store in which the records of users cannot be read from the second read of one on, until `mend`. */
function outage(inner: SessionStore): { store: SessionStore; mend: () => void } {
  let reads = 0
  let isBroken = true
  const store: SessionStore = {
    ...inner,
    async read(ref, options) {
      if (ref.tenantId === usersTenant && isBroken && reads++ > 0)
        throw new SessionError('unavailable', 'the store is away')
      return inner.read(ref, options)
    },
  }
  return {
    store,
    mend() {
      isBroken = false
    },
  }
}

it('keeps a new session whose user cannot be looked up, for others may use it by now', async () => {
  const inner = memoryStore()
  const { store, mend } = outage(inner)
  const sessions = createSessions({ store, credentialSecrets: secrets, consent: {} })
  expect(await codeOf(sessions.for(alice).create({ id: 's' }))).toBe('unknown_outcome')
  const other = createSessions({ store: inner, credentialSecrets: secrets, consent: {} })
  await (await other.for(alice).get('s')).append({ role: 'user', content: 'Hi' })
  mend()
  await sessions.settled()
  expect(await (await other.for(alice).get('s')).allMessages()).toHaveLength(1)
})

it('removes it once the user can be looked up, and was erased meanwhile', async () => {
  const inner = memoryStore()
  const { store, mend } = outage(inner)
  const sessions = createSessions({ store, credentialSecrets: secrets, consent: {} })
  expect(await codeOf(sessions.for(alice).create({ id: 's' }))).toBe('unknown_outcome')
  const ref = { tenantId: 'acme', id: 's' }
  const { record, body } = (await inner.read(ref))!
  const other = createSessions({ store: inner, credentialSecrets: secrets, consent: {} })
  await other.privacy.erase({ ...alice, by: 'the user', reason: 'asked' })
  // As if it had been stored right after the erasure had looked for the last time.
  await inner.restore(ref, { record, body, messages: [] })
  mend()
  await sessions.settled()
  expect(await inner.read(ref)).toBeUndefined()
})
