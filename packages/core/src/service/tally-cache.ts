import { readPath } from '../domain/path.js'
import type { SeqRange } from '../domain/session-body.js'
import { MessageTally } from '../domain/session-info.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'

/** Counts the messages of sessions, each message once: counts are kept, and only new messages are added to them. */
export interface TallyCache {
  /** The counts of the messages on `path`. */
  of(record: SessionRecord, path: readonly SeqRange[]): Promise<MessageTally>
}

interface Entry {
  /** Which messages are counted: those of this incarnation, on this path. */
  readonly shape: string
  readonly tally: MessageTally
  through: number
  bytes: number
}

// A page is bounded in bytes, too, so it may hold fewer of the longest messages.
const pageSize = 200
const sliceMs = 8

/** @param maxBytes Bytes that counts may take, over all sessions; the least recently used are dropped first. */
export function createTallyCache(store: SessionStore, { maxBytes }: { maxBytes: number }): TallyCache {
  const kept = new Map<string, Entry>()
  const running = new Map<string, Promise<unknown>>()
  let bytes = 0

  function forget(key: string): void {
    bytes -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }

  async function count(key: string, record: SessionRecord, path: readonly SeqRange[]): Promise<MessageTally> {
    const shape = JSON.stringify([record.incarnation, record.trimmedSeq, path])
    const found = kept.get(key)
    const entry = found?.shape === shape ? found : { shape, tally: new MessageTally(), through: 0, bytes: 0 }
    forget(key)
    let sliceEnd = performance.now() + sliceMs
    for (
      let after: number | undefined = entry.through;
      after !== undefined && entry.through < record.lastSeq;
    ) {
      const page = await readPath(store, record, path, { after, limit: pageSize })
      for (const message of page.messages) {
        entry.tally.add(message)
        entry.through = message.seq
        if (performance.now() < sliceEnd) continue
        await new Promise((resolve) => setTimeout(resolve))
        sliceEnd = performance.now() + sliceMs
      }
      after = page.after
    }
    entry.bytes = entry.tally.bytes + 2 * (key.length + shape.length)
    kept.set(key, entry)
    bytes += entry.bytes
    for (const oldest of kept.keys()) {
      if (bytes <= maxBytes) break
      forget(oldest)
    }
    return entry.tally
  }

  return {
    async of(record, path) {
      const key = JSON.stringify([record.tenantId, record.id])
      // Even when many callers ask at once, the messages of a session are counted once.
      while (running.has(key)) await running.get(key)!.catch(() => {})
      const counting = count(key, record, path)
      running.set(key, counting)
      try {
        return await counting
      } finally {
        running.delete(key)
      }
    },
  }
}
