import { readPath } from '../domain/path.js'
import type { SessionBody } from '../domain/session-body.js'
import type { Message } from '../domain/message.js'
import type { MessageTally } from '../domain/message-tally.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import { pause } from '../async/slices.js'
import type { SessionStore } from '../contract/session-store.js'

/**
 * Counts the messages of sessions, each message once: the end of a turn stores counts, this process keeps those that it
 * made since, and only new messages are added to them.
 */
export interface TallyCache {
  /** The counts of the messages on the active path. */
  of(record: SessionRecord, body: CountedBody): Promise<MessageTally>
  /** Forgets a session whose messages are gone, or say something else now. */
  forget(ref: SessionRef): void
}

type CountedBody = Pick<SessionBody, 'path' | 'edits' | 'stats'>

export interface TallyCacheOptions {
  /** What may be kept, over all sessions; the one longest out of use is forgotten first. */
  readonly maxBytes: number
  /** How long what is out of use is kept at most, in milliseconds. */
  readonly keptMs: number
}

interface Entry {
  /** Which messages are counted: those of this incarnation, on this path, as they stand after so many edits. */
  readonly shape: string
  readonly tally: MessageTally
  through: number
  /** The message that was counted last: another one may get its place in a failover, and what was counted is lost. */
  last?: Pick<Message, 'seq' | 'id' | 'at'>
  bytes: number
  /** By `performance.now()`. */
  usedAt: number
}

// A page is bounded in bytes, too, so it may hold fewer of the longest messages.
const pageSize = 200

export function createTallyCache(store: SessionStore, { maxBytes, keptMs }: TallyCacheOptions): TallyCache {
  const kept = new Map<string, Entry>()
  const running = new Map<string, Promise<MessageTally>>()
  let bytes = 0

  function forget(key: string): void {
    bytes -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }

  function forgetOld(): void {
    for (const [key, { usedAt }] of kept) {
      if (performance.now() - usedAt <= keptMs) break
      forget(key)
    }
  }

  async function count(key: string, record: SessionRecord, body: CountedBody): Promise<MessageTally> {
    const { keptCounts } = await import('./counting.js')
    await pause()
    forgetOld()
    const { path, edits = 0 } = body
    const shape = JSON.stringify([record.incarnation, record.trimmedSeq, edits, path])
    const found = kept.get(key)
    const stored = keptCounts(record, body, record.lastSeq)
    const isFurther = found?.shape === shape && found.through >= stored.through
    const entry: Entry = isFurther ? found : { shape, ...stored, bytes: 0, usedAt: 0 }
    forget(key)
    let { last } = entry
    for (
      let after: number | undefined = last === undefined ? entry.through : last.seq - 1;
      after !== undefined && entry.through < record.lastSeq;
    ) {
      const page = await readPath(store, record, path, { after, limit: pageSize })
      const [first] = page.messages
      if (last !== undefined && !isSame(first, last)) return count(key, record, body)
      for (const message of page.messages.slice(last === undefined ? 0 : 1)) {
        entry.tally.add(message)
        const { seq, id, at } = message
        entry.through = seq
        entry.last = { seq, id, at }
        await pause()
      }
      last = undefined
      after = page.after
    }
    entry.bytes = entry.tally.bytes + 2 * (key.length + shape.length)
    entry.usedAt = performance.now()
    kept.set(key, entry)
    bytes += entry.bytes
    for (const oldest of kept.keys()) {
      if (bytes <= maxBytes) break
      forget(oldest)
    }
    return entry.tally
  }

  return {
    forget: (ref) => forget(keyOf(ref)),
    async of(record, body) {
      const key = keyOf(record)
      // Even when many callers ask at once, the messages of a session are counted once: each waits for the one before.
      const next = async () => count(key, record, body)
      const counting = running.get(key)?.then(next, next) ?? next()
      running.set(key, counting)
      try {
        return await counting
      } finally {
        if (running.get(key) === counting) running.delete(key)
      }
    },
  }
}

function isSame(one: Entry['last'], other: Entry['last']): boolean {
  return one?.seq === other?.seq && one?.id === other?.id && one?.at === other?.at
}

function keyOf({ tenantId, id }: SessionRef): string {
  return JSON.stringify([tenantId, id])
}
