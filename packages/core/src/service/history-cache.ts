import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import type { Message } from '../domain/message.js'
import type { SessionBody } from '../domain/session-body.js'
import { inSlices } from '../async/slices.js'
import { PageReader } from './read-pages.js'
import type { SessionHistory, SessionHistoryOptions } from './session-history.js'

/** What this process keeps in memory of the logs of sessions, bounded by bytes over all of them. */
export interface HistoryCache {
  /** Bytes it holds between uses, approximately. */
  readonly bytes: number
  /**
   * The cached history of a session that was just read, with its newest messages. Call `release` after use.
   *
   * @param History Makes one. Callers hand it in, so that a process without contexts does not load it.
   */
  use(
    record: SessionRecord,
    read: Pick<SessionBody, 'edits'> & { readonly newest: readonly Message[] },
    History: typeof SessionHistory,
  ): Promise<SessionHistory>
  /**
   * Drops what is over the bounds: of this session all but what was just used, then the least recently used sessions.
   */
  release(record: SessionRecord, used: readonly Message[]): Promise<void>
  /** Forgets a session whose messages are gone, or say something else now. */
  forget(ref: SessionRef): void
}

interface Entry {
  readonly incarnation: string
  readonly trimmedSeq: number
  readonly edits: number
  readonly history: SessionHistory
  /** Bytes at the last release. */
  bytes: number
  /** By `performance.now()`. */
  usedAt: number
}

// The share of the memory that one session may take; a longer session is read in part each time.
const shareOfOne = 1 / 4

export interface HistoryCacheOptions extends Omit<SessionHistoryOptions, 'maxBytes'> {
  /** Bytes of all sessions together; the least recently used are dropped first. */
  readonly maxBytes: number
  /** How long what is out of use is kept at most, in milliseconds. */
  readonly keptMs: number
}

export function createHistoryCache(store: SessionStore, options: HistoryCacheOptions): HistoryCache {
  const { maxBytes, keptMs } = options
  const entries = new Map<string, Entry>()
  let bytes = 0

  return {
    get bytes() {
      return bytes
    },
    async use(record, { edits = 0, newest }, History) {
      const key = keyOf(record)
      const { incarnation, trimmedSeq } = record
      const isMeant = (entry: Entry | undefined): entry is Entry =>
        entry?.incarnation === incarnation && entry.trimmedSeq === trimmedSeq && entry.edits === edits
      const before = entries.get(key)
      const isOf = isMeant(before) && (await before.history.isOf(newest))
      const usedAt = forgetOld()
      const found = entries.get(key)
      if (isMeant(found) && (isOf || found !== before)) {
        // The most recently used session stands last.
        entries.delete(key)
        entries.set(key, found)
        found.usedAt = usedAt
        return found.history
      }
      forget(key)
      const reader = new PageReader(store, { tenantId: record.tenantId, id: record.id })
      const history = new History(reader, { ...options, maxBytes: maxBytes * shareOfOne })
      entries.set(key, { incarnation, trimmedSeq, edits, history, bytes: 0, usedAt })
      return history
    },
    async release(record, used) {
      forgetOld()
      const entry = entries.get(keyOf(record))
      if (entry === undefined) return
      await inSlices(entry.history.shrinking(used))
      if (entries.get(keyOf(record)) !== entry) return
      bytes += entry.history.bytes - entry.bytes
      entry.bytes = entry.history.bytes
      for (const key of entries.keys()) {
        if (bytes <= maxBytes) break
        forget(key)
      }
    },
    forget: (ref) => forget(keyOf(ref)),
  }

  /** @returns The time now. */
  function forgetOld(): number {
    const now = performance.now()
    for (const [key, { usedAt }] of entries) {
      if (now - usedAt <= keptMs) break
      forget(key)
    }
    return now
  }

  function forget(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }
}

function keyOf({ tenantId, id }: SessionRef): string {
  return JSON.stringify([tenantId, id])
}
