import { expect } from 'vitest'
import { isSessionError, type SessionErrorCode } from '../errors.js'
import { newId } from '../ids.js'
import { maxPageBytes } from '../contract/page-bytes.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type {
  Committed,
  NewMessage,
  SessionChange,
  SessionQuery,
  SessionStore,
  StoredMessage,
} from '../contract/session-store.js'

/** A store to be judged. */
export interface StoreUnderTest {
  store: SessionStore
  /**
   * A second instance over the same data, as another process would have it: with a client, connections and caches of
   * its own, so that nothing but the data joins the two. A store whose data live in one process has no second instance,
   * and gives `store` again.
   */
  peer: SessionStore
  /** Whether other calls remove what is past its deadline, too, so that a sweep finds less of it (default false). */
  sweepsMeanwhile?: boolean
  /** Ends what `makeStore` began. */
  close?(): Promise<void>
}

/** One thing every store must show. The case rejects when the store does not show it. */
export interface StoreCase {
  title: string
  run: (stores: StoreUnderTest) => Promise<void>
}

/** The cases about one thing that the contract asks for. */
export interface StoreChapter {
  title: string
  cases: readonly StoreCase[]
}

/** A place that no other case uses. */
export function freshRef(id = newId()): SessionRef {
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

/** Changes the body by compare-and-set, again after each conflict, and returns how often it tried. */
export async function changeBody(
  store: SessionStore,
  ref: SessionRef,
  change: (body: string) => string,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    const stored = await store.read(ref)
    if (stored === undefined) expect.fail('the session is gone')
    try {
      await store.commit(ref, { revision: stored.record.revision, body: change(stored.body) })
      return tries
    } catch (error) {
      if (!isSessionError(error, 'conflict')) throw error
    }
  }
}

/** Every message, page by page: each page full by count, or because the next message does not fit it. */
export async function allMessages(
  store: SessionStore,
  ref: SessionRef,
  limit = 1000,
  order: 'asc' | 'desc' = 'asc',
): Promise<StoredMessage[]> {
  const all: StoredMessage[] = []
  for (let cut: readonly StoredMessage[] = []; ;) {
    const seq = all.at(-1)?.seq
    const range = seq === undefined ? {} : order === 'asc' ? { after: seq } : { before: seq }
    const { messages, more } = await store.messages(ref, { ...range, limit, order })
    if (cut.length > 0) {
      expect(bytesOf([...cut, ...messages.slice(0, 1)]), 'what was left out did not fit').toBeGreaterThan(
        maxPageBytes,
      )
    }
    if (messages.length > 1) expect(bytesOf(messages), 'bytes of a page').toBeLessThanOrEqual(maxPageBytes)
    all.push(...messages)
    if (!more) return all
    expect(messages.length, 'messages of a page with more behind it').toBeGreaterThan(0)
    expect(messages.length, 'a page holds no more than its limit').toBeLessThanOrEqual(limit)
    cut = messages.length < limit ? messages : []
  }
}

/** How many bytes the payloads take in UTF-8. */
export function bytesOf(messages: readonly { payload: string }[]): number {
  return messages.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
}

/** Every session, page by page. */
export async function allSessions(
  store: SessionStore,
  query: Omit<SessionQuery, 'limit' | 'cursor'>,
  limit = 1000,
): Promise<SessionRecord[]> {
  const all: SessionRecord[] = []
  const { after, ...filter } = query
  let cursor: string | undefined
  do {
    const start = cursor === undefined ? (after === undefined ? {} : { after }) : { cursor }
    const page = await store.list({ ...filter, limit, ...start })
    expect(page.items.length, 'a page holds no more than its limit').toBeLessThanOrEqual(limit)
    all.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}

export function ids(items: readonly { id: string }[]): string[] {
  return items.map((item) => item.id)
}

export function seqs(messages: readonly { seq: number }[]): number[] {
  return messages.map((item) => item.seq)
}

/** `first` (1) to `last`. */
export function range(last: number, first = 1): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

/** The content of an error of the store, or undefined for a success. */
export async function refusalOf(promise: Promise<unknown>): Promise<Refusal | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    if (!isSessionError(error)) throw error
    const { code, revision, messageId } = error
    return {
      code,
      ...(revision === undefined ? {} : { revision }),
      ...(messageId === undefined ? {} : { messageId }),
    }
  }
}

export interface Refusal {
  code: SessionErrorCode
  revision?: number
  messageId?: string
}

/** Checks that the store refuses with `code` and says `details`. */
export async function expectRefusal(
  promise: Promise<unknown>,
  code: SessionErrorCode,
  details: Omit<Refusal, 'code'> = {},
): Promise<void> {
  expect(await refusalOf(promise)).toEqual({ code, ...details })
}

/** Checks that the session is absent from every method, as if it had never been. */
export async function expectAbsent(store: SessionStore, ref: SessionRef): Promise<void> {
  await expectUnseen(store, ref)
  expect(await store.remove(ref)).toBe(false)
  expect(await store.read(ref, { tail: 10 }), 'still absent after late writes').toBeUndefined()
}

/** Checks that the session is absent from every method but `remove`, which is not called. */
export async function expectUnseen(store: SessionStore, ref: SessionRef): Promise<void> {
  expect(await store.read(ref, { tail: 10 })).toBeUndefined()
  await expectRefusal(store.messages(ref, { limit: 10 }), 'not_found')
  expect(ids(await allSessions(store, { tenantId: ref.tenantId }))).not.toContain(ref.id)
  for (const change of lateChanges) await expectRefusal(store.commit(ref, change), 'not_found')
  expect(await store.amend(ref, [{ seq: 1, payload: 'late' }])).toBe(0)
  expect(await store.trim(ref, 1)).toBe(0)
}

const lateChanges: readonly SessionChange[] = [
  {},
  { messages: [message('late')] },
  { revision: 1 },
  { revision: 1, body: 'late' },
  { revision: 2, body: 'late', messages: [message('late')] },
  { title: 'late', label: 'late', userId: 'late' },
  { idleMs: 60_000, absoluteMs: 60_000 },
]
