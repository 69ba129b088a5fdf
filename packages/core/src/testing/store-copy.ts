import { expect } from 'vitest'
import type { SessionRef } from '../contract/session-record.js'
import type { SessionCopy, SessionStore, StoredMessage } from '../contract/session-store.js'
import { allMessages, allSessions, message, range, refusalOf } from './store-case.js'

// This is years before any store ran the suite. So a store that gives times of its own for a restored session fails.
export const then = Date.UTC(2020, 1, 29)

/** Stored messages `m1` to `m<last>`, a second apart, from `first` on. */
export function log(last: number, first = 1): StoredMessage[] {
  return range(last, first).map((seq) => ({ seq, at: then + seq * 1000, ...message(`m${seq}`) }))
}

/** A session of ten changes and five messages, as another store would have it. */
export function copyOf(
  ref: SessionRef,
  changed: Partial<SessionCopy['record']> = {},
): SessionCopy & { record: SessionRef } {
  const times = { createdAt: then, updatedAt: then + 9000, activeAt: then + 8000 }
  const record = {
    ...ref,
    incarnation: `of ${ref.id}`,
    revision: 3,
    changes: 10,
    lastSeq: 5,
    trimmedSeq: 0,
    bytes: 65,
    ...times,
  }
  return { record: { ...record, ...changed }, body: '{"a":1}', messages: log(5) }
}

/** `copy` in parts of so many messages. */
export function partsOf(copy: SessionCopy, size: number): SessionCopy[] {
  const parts: SessionCopy[] = []
  for (let from = 0; from < copy.messages.length; from += size) {
    const messages = copy.messages.slice(from, from + size)
    parts.push({ ...copy, messages, more: from + size < copy.messages.length })
  }
  return parts
}

/** Restores, and tries again when a busy store gives no answer in time, unless a newer session is there. */
export async function restoreOrNewer(store: SessionStore, ref: SessionRef, copy: SessionCopy): Promise<void> {
  for (let tries = 1; tries <= 20; tries++) {
    const refused = await refusalOf(store.restore(ref, copy))
    if (refused === undefined || refused.code === 'conflict') return
    expect(['unavailable', 'unknown_outcome']).toContain(refused.code)
  }
  expect.fail('the store never answered in time')
}

/** Checks that the session is `copy`, by every read. */
export async function expectCopy(store: SessionStore, ref: SessionRef, copy: SessionCopy): Promise<void> {
  const record = { ...copy.record, ...ref }
  expect(await store.read(ref, { tail: 1000 })).toEqual({ record, body: copy.body, messages: copy.messages })
  expect(await allMessages(store, ref, 2)).toEqual(copy.messages)
  const listed = await allSessions(store, { tenantId: ref.tenantId })
  expect(listed.filter(({ id }) => id === ref.id)).toEqual([record])
}
