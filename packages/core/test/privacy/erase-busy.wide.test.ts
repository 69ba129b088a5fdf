import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { sideRecordRef } from '../../src/service/side-records.js'
import { service } from '../service.js'
import { dumpOf, erasing, settings, user } from './user-data.js'

const register = sideRecordRef('slots', user.tenantId, 'tenant')

describe('the erasure of a user in a busy tenant', () => {
  it('ends, though others write the list of sessions of the tenant between all its looks and writes', async () => {
    const inner = memoryStore()
    let left = 0
    const store: SessionStore = {
      ...inner,
      async read(ref, options) {
        const found = await inner.read(ref, options)
        if (left === 0 || ref.tenantId !== register.tenantId || ref.id !== register.id) return found
        left--
        const { record, body } = found!
        await inner.commit(register, { revision: record.revision, incarnation: record.incarnation, body })
        return found
      },
    }
    const sessions = service({ store, ...settings })
    const mine = await sessions.for(user).create({ messages: [{ role: 'user', content: 'a canary' }] })
    left = 250

    const receipt = await sessions.privacy.erase(erasing)

    expect(left).toBe(0)
    expect(receipt.counts).toMatchObject({ sessions: 1, messages: 1 })
    const kept = await dumpOf(inner, user.tenantId)
    for (const word of ['a canary', user.userId, mine.id]) expect(kept).not.toContain(word)
  }, 120_000)
})
