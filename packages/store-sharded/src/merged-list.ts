import type { ListPlace, Page, SessionQuery, SessionRecord, SessionStore } from '@sessions/core/store'

/** A shard whose list is merged, and which of the sessions there are its own. */
export interface ListedShard {
  readonly store: SessionStore
  /** False for a copy of a session whose place is in another shard. */
  readonly isOwn: (record: SessionRecord) => boolean
}

type Filters = Omit<SessionQuery, 'limit' | 'cursor' | 'after'>

// A shard is asked for no more than its part of a page is likely to be.
const leastPage = 20

/**
 * One page of the lists of several shards, in the order of `list`: it begins after a place, which means the same in
 * every shard.
 *
 * @param toCursor Makes the cursor of the next page, from the last session of this one.
 */
export async function mergedList(
  shards: readonly ListedShard[],
  query: Filters,
  limit: number,
  after: ListPlace | undefined,
  toCursor: (place: ListPlace) => string,
): Promise<Page<SessionRecord>> {
  const pageSize = Math.min(limit, Math.max(leastPage, Math.ceil((2 * limit) / shards.length)))
  const lists = shards.map((shard) => new ShardList(shard, query, pageSize, after))
  const items: SessionRecord[] = []
  for (;;) {
    await Promise.all(lists.map((list) => list.fill()))
    const next = lists
      .filter(({ head }) => head !== undefined)
      .sort((a, b) => byActivity(a.head!, b.head!))[0]
    if (next === undefined) return { items }
    if (items.length === limit) return { items, cursor: toCursor(items.at(-1)!) }
    items.push(next.take())
  }
}

/** The sessions of one shard, in order. */
class ShardList {
  readonly #shard: ListedShard
  readonly #query: Filters
  readonly #limit: number
  #after: ListPlace | undefined
  #items: SessionRecord[] = []
  #index = 0
  #isDone = false

  constructor(shard: ListedShard, query: Filters, limit: number, after: ListPlace | undefined) {
    this.#shard = shard
    this.#query = query
    this.#limit = limit
    this.#after = after
  }

  get head(): SessionRecord | undefined {
    return this.#items[this.#index]
  }

  take(): SessionRecord {
    return this.#items[this.#index++]!
  }

  /** Reads on until there is a session to show, or no more of them. */
  async fill(): Promise<void> {
    while (this.head === undefined && !this.#isDone) {
      const start = this.#after === undefined ? {} : { after: this.#after }
      const page = await this.#shard.store.list({ ...this.#query, ...start, limit: this.#limit })
      const last = page.items.at(-1)
      this.#isDone = page.cursor === undefined || last === undefined
      this.#after = last && { activeAt: last.activeAt, id: last.id }
      this.#items = page.items.filter(this.#shard.isOwn)
      this.#index = 0
    }
  }
}

function byActivity(a: ListPlace, b: ListPlace): number {
  return b.activeAt - a.activeAt || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1)
}
