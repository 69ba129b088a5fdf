import { isSessionError } from '../../errors.js'
import { notFound, tooManyBytes } from '../refusals.js'
import type { SessionRef } from '../session-record.js'
import type { Committed, NewMessage, SessionChange, SessionStore } from '../session-store.js'
import { countOf, openedBytes, openedCount, sealedBytes } from './payload-bytes.js'

/**
 * Commits a change whose messages are sealed, where `maxBytes` is meant for what they are once they are opened.
 *
 * The store counts sealed payloads. How many bytes they may take depends on how many messages there are: the fewer there
 * are, the fewer bytes. So the change is tried as if there were no other messages. Where the store refuses it, the
 * session is looked at, as often as the log changes.
 */
export async function commitWithin(
  store: SessionStore,
  ref: SessionRef,
  change: SessionChange,
  maxBytes: number,
): Promise<Committed> {
  const { messages = [] } = change
  const isCreate = change.revision === 0
  const commit = (count: number) => store.commit(ref, { ...change, maxBytes: sealedBytes(maxBytes, count) })
  let changes: number | undefined
  let count = isCreate ? new Set(messages.map(({ id }) => id)).size : 1
  for (;;) {
    try {
      return await commit(count)
    } catch (error) {
      if (!isSessionError(error, 'too_large')) throw error
      if (isCreate) throw tooManyBytes(maxBytes)
    }
    const record = (await store.read(ref))?.record
    if (record === undefined) throw notFound()
    if (record.changes === changes) throw tooManyBytes(maxBytes)
    ;({ changes } = record)
    const added = await newOf(store, ref, change)
    const bytes = added.reduce((sum, { payload }) => sum + openedBytes(payload), 0)
    if (openedCount(record) + bytes > maxBytes) throw tooManyBytes(maxBytes)
    count = countOf(record) + added.length
  }
}

/** Those messages of a change that the log does not have. */
async function newOf(
  store: SessionStore,
  ref: SessionRef,
  { messages = [], incarnation, ownedBy }: SessionChange,
): Promise<readonly NewMessage[]> {
  const left = new Map(messages.map((message) => [message.id, message]))
  const guard = {
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(ownedBy === undefined ? {} : { ownedBy }),
  }
  while (left.size > 1) {
    // No sealed payload is empty: a message that is there is a conflict, and others find no room. Nothing is written.
    const probes = [...left.keys()].map((id) => ({ id, payload: '' }))
    try {
      await store.commit(ref, { ...guard, messages: probes, maxSeq: 0 })
      return []
    } catch (error) {
      if (isSessionError(error, 'limit_reached')) break
      if (!isSessionError(error, 'conflict') || error.messageId === undefined) throw error
      left.delete(error.messageId)
    }
  }
  return [...left.values()]
}
