import { expect, it } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { sideRecordTenant } from '../../src/sealed.js'
import { alice, codeOf } from '../service.js'

const secrets = ['a secret that is long enough for all of these tests']

it.each([true, false])(
  'when the slots of a user cannot be written, a new session stays if others have written into it: %s',
  async (isWritten) => {
    const inner = memoryStore()
    const other = createSessions({ store: inner, credentialSecrets: secrets })
    const store: SessionStore = {
      ...inner,
      async commit(ref, change) {
        if (ref.tenantId !== sideRecordTenant('slots', 'acme')) return inner.commit(ref, change)
        if (isWritten) await (await other.for(alice).get('s')).append({ role: 'user', content: 'Hi' })
        throw new SessionError('unavailable', 'the store is away')
      },
    }
    const sessions = createSessions({ store, credentialSecrets: secrets, limits: { maxSessionsPerUser: 5 } })
    expect(await codeOf(sessions.for(alice).create({ id: 's' }))).toBe(
      isWritten ? 'unknown_outcome' : 'unavailable',
    )
    const found = await other.for(alice).find('s')
    expect(await found?.allMessages()).toEqual(
      isWritten ? [expect.objectContaining({ content: 'Hi' })] : undefined,
    )
  },
)
