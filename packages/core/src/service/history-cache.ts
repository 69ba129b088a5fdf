import { mergeFacts } from '../context/facts.js'
import { createRelevanceIndex, type RelevanceIndex } from '../context/relevance-index.js'
import { onPath, readPath } from '../domain/path.js'
import type { Message } from '../domain/message.js'
import type { Fact, SeqRange } from '../domain/session-body.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'

/** The active branch of a session, oldest first, and an index over its messages. */
export interface CachedHistory {
  readonly messages: readonly Message[]
  readonly index: RelevanceIndex
  /** What was drawn from the messages. */
  readonly facts: readonly Fact[]
}

/** Remembers the histories of sessions in use, so that each context reads and indexes only what is new. */
export interface HistoryCache {
  /** The history of a session that was just read with its newest messages. */
  of(record: SessionRecord, path: readonly SeqRange[], newest: readonly Message[]): Promise<CachedHistory>
}

interface CacheEntry extends CachedHistory {
  readonly incarnation: string
  readonly trimmedSeq: number
  readonly path: string
}

const pageSize = 1000

export interface HistoryCacheOptions {
  /** How many to remember; the one longest out of use is forgotten first. */
  maxSessions: number
  extractFacts: (message: Message) => readonly Fact[]
}

export function createHistoryCache(
  store: SessionStore,
  { maxSessions, extractFacts }: HistoryCacheOptions,
): HistoryCache {
  const kept = new Map<string, CacheEntry>()

  return {
    async of(record, path, newest) {
      const key = JSON.stringify([record.tenantId, record.id])
      const shape = JSON.stringify(path)
      const { incarnation, trimmedSeq } = record
      const found = kept.get(key)
      // What is in the log stays as it is, so an index outlives a change of branch, and nothing else does.
      const isSame = found?.incarnation === incarnation && found.trimmedSeq === trimmedSeq
      const isGrown = isSame && found.path === shape
      const known = isGrown ? found.messages : []
      const index = isSame ? found.index : createRelevanceIndex()
      const after = known.at(-1)?.seq ?? trimmedSeq
      const added = await readAfter(record, path, newest, after)
      index.add(added)
      const next: CacheEntry = {
        incarnation,
        trimmedSeq,
        path: shape,
        index,
        facts: mergeFacts(isGrown ? found.facts : [], added.flatMap(extractFacts)),
        messages: added.length === 0 ? known : [...known, ...added],
      }
      kept.delete(key)
      kept.set(key, next)
      if (kept.size > maxSessions) kept.delete(kept.keys().next().value!)
      return next
    },
  }

  async function readAfter(
    record: SessionRecord,
    path: readonly SeqRange[],
    newest: readonly Message[],
    after: number,
  ): Promise<readonly Message[]> {
    if (record.lastSeq <= after) return []
    // The newest messages came along with the session; often nothing else is missing.
    if ((newest[0]?.seq ?? Number.POSITIVE_INFINITY) <= after + 1) {
      return newest.filter(({ seq }) => seq > after && onPath(path, seq))
    }
    const messages: Message[] = []
    let from: number | undefined = after
    while (from !== undefined) {
      const page = await readPath(store, record, path, { after: from, limit: pageSize })
      messages.push(...page.messages)
      from = page.after
    }
    return messages.filter(({ seq }) => seq <= record.lastSeq)
  }
}
