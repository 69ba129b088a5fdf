import type { SessionRecord, SessionStore } from '@sessions/core/store'
import type { Contender, Standing } from '../contender.js'
import { absoluteMs, body, idleMs, incarnation, nextMessage, tenantId } from '../workload.js'

const batch = 1000

/** A store of this repository, called as the service calls it. */
export function storeContender(store: SessionStore, close: () => Promise<void>): Contender {
  return {
    close,

    async prepare(ids, history) {
      for (const id of ids) {
        const ref = { tenantId, id }
        await store.commit(ref, { revision: 0, incarnation, body, idleMs, absoluteMs })
        for (let left = history; left > 0; left -= batch) {
          const messages = Array.from({ length: Math.min(left, batch) }, nextMessage)
          await store.commit(ref, { incarnation, messages, idleMs, absoluteMs })
        }
      }
    },

    async remove(ids) {
      for (const id of ids) await store.remove({ tenantId, id })
    },

    async append(id, message) {
      const change = { incarnation, idleMs, absoluteMs, messages: [message] }
      const { record, messages } = await store.commit({ tenantId, id }, change)
      return { seq: messages[0]!.seq, ...standing(record) }
    },

    async read(id, tail) {
      const stored = await store.read({ tenantId, id }, { tail })
      if (stored === undefined) return undefined
      const { record, body, messages } = stored
      return { ...standing(record), body, messages }
    },
  }
}

function standing(record: SessionRecord): Standing {
  const { lastSeq, revision, changes, bytes, createdAt, updatedAt, activeAt, expiresAt } = record
  return { lastSeq, revision, changes, bytes, createdAt, updatedAt, activeAt, expiresAt }
}
