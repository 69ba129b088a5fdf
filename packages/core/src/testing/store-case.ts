import { expect } from 'vitest'
import { isSessionError, type SessionErrorCode } from '../errors.js'
import { newId } from '../ids.js'
import type { SessionRef } from '../session-record.js'
import type { Committed, NewMessage, SessionChange, SessionStore, StoredMessage } from '../store.js'

/** A store to be judged. */
export interface StoreUnderTest {
  store: SessionStore
  /** An independent instance over the same data; a store that lives in one process gives the same again. */
  peer: SessionStore
  /** Ends what `makeStore` began. */
  close?(): Promise<void>
}

/** One thing every store must show. It rejects when the store does not. */
export interface StoreCase {
  title: string
  run: (stores: StoreUnderTest) => Promise<void>
}

/** The cases of one semantic of the contract. */
export interface StoreChapter {
  title: string
  cases: readonly StoreCase[]
}

/** A place that no other case uses. */
export function freshRef(id = 'session'): SessionRef {
  return { tenantId: newId(), id }
}

/** A new session at a place that no other case uses. */
export async function freshSession(store: SessionStore, change: SessionChange = {}): Promise<SessionRef> {
  const ref = freshRef()
  await store.commit(ref, { revision: 0, ...change })
  return ref
}

export function message(id: string, payload = `payload of ${id}`): NewMessage {
  return { id, payload }
}

export function numbered(count: number, first = 1): NewMessage[] {
  return Array.from({ length: count }, (_, index) => message(`m${first + index}`))
}

export function append(store: SessionStore, ref: SessionRef, ...messages: NewMessage[]): Promise<Committed> {
  return store.commit(ref, { messages })
}

/** Every message, page by page from the oldest. */
export async function allMessages(
  store: SessionStore,
  ref: SessionRef,
  limit = 1000,
): Promise<StoredMessage[]> {
  const all: StoredMessage[] = []
  for (;;) {
    const page = await store.messages(ref, { after: all.at(-1)?.seq ?? 0, limit })
    all.push(...page.messages)
    if (!page.more) return all
    expect(page.messages.length, 'a page with more behind it is full').toBe(limit)
  }
}

export function seqs(messages: readonly { seq: number }[]): number[] {
  return messages.map((message) => message.seq)
}

/** 1 to `last`, or `first` to `last`. */
export function range(last: number, first = 1): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

/** Checks that `promise` rejects with a `SessionError` of `code` that says `details`. */
export async function expectRefusal(
  promise: Promise<unknown>,
  code: SessionErrorCode,
  details: { revision?: number; messageId?: string; path?: string } = {},
): Promise<void> {
  const outcome = await promise.then(
    (value) => ({ resolved: value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome))
    expect.fail(`expected ${code}, but it resolved: ${JSON.stringify(outcome.resolved)}`)
  if (!isSessionError(outcome.error)) throw outcome.error
  expect(outcome.error).toMatchObject({ code, ...details })
}
