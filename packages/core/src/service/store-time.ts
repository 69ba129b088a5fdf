import { isSessionError } from '../errors.js'
import { newId } from '../ids.js'
import { reservedTenantPrefix, type SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'

const maxAttempts = 10
const idleMs = 3_600_000
// One record a process, so that processes that ask at once do not get in each other's way.
const processId = newId()

/**
 * What the store's own clock says now, epoch ms. Costs a write to a record that serves nothing else, for only a
 * commit tells the time; so it is asked when two processes have to agree on what has expired, and not otherwise.
 */
export async function readStoreTime(store: SessionStore, tenantId: string): Promise<number> {
  const ref: SessionRef = { tenantId: `${reservedTenantPrefix}clock:${tenantId}`, id: processId }
  for (let attempt = 1; ; attempt++) {
    try {
      return (await store.commit(ref, { idleMs })).record.updatedAt
    } catch (error) {
      if (!isSessionError(error, 'not_found')) {
        if (!isSessionError(error, 'unknown_outcome') || attempt >= maxAttempts) throw error
        continue
      }
    }
    try {
      return (await store.commit(ref, { revision: 0, body: '{}', idleMs })).record.updatedAt
    } catch (error) {
      const again = isSessionError(error, 'conflict') || isSessionError(error, 'unknown_outcome')
      if (!again || attempt >= maxAttempts) throw error
    }
  }
}
