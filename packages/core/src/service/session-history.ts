import { mergeFacts } from '../context/facts.js'
import { createRelevanceIndex, type RelevanceIndex } from '../context/relevance-index.js'
import { type Embed, embedMessages } from '../context/embed.js'
import { type ClosedRange, rangesOf, rangesWith, rangesWithout } from '../domain/path-ranges.js'
import type { Message } from '../domain/message.js'
import type { Fact } from '../domain/session-body.js'
import { atOnce, inSlices, pause } from '../async/slices.js'
import { embedInTime } from './embed-in-time.js'
import { bytesOf, bytesOfMessage } from './message-bytes.js'
import type { PageReader } from './read-pages.js'

export interface SessionHistoryOptions {
  /** Bytes it may keep between two uses. */
  readonly maxBytes: number
  readonly extractFacts?: ((message: Message) => readonly Fact[]) | undefined
  readonly embed?: Embed | undefined
  /** Called when vectors could not be made; until it works, those messages are found by words alone. */
  readonly onEmbedFailure: (cause: unknown) => void
  /** Called when the index is full: later messages are found in the window alone. */
  readonly onIndexFull: () => void
}

// Facts kept for one session; the newest of them.
const mostFacts = 500
// Texts embedded in one call, and how many messages without vectors are remembered.
const embedBatch = 128
const mostWithoutVector = 10_000
// System messages at the beginning of a log that count as instructions.
const mostLeading = 100
// Messages at most this far apart are read in one call, and this many calls run at once.
const nearby = 4
const readsAtOnce = 4
const mostPerPage = 1000
// Bytes that a Map takes for an entry.
const perEntry = 60

/**
 * What this process keeps of the log of one session: messages that it has read, and an index for the search. Stored
 * messages do not change, so nothing here becomes old except by a new incarnation, by a trim, or by a failover.
 */
export class SessionHistory {
  readonly #reader: PageReader
  readonly #options: SessionHistoryOptions
  readonly #known = new Map<number, { readonly message: Message; readonly bytes: number }>()
  #knownBytes = 0
  /** The last one in the log of all that it has ever kept. */
  #newest: Pick<Message, 'seq' | 'id' | 'at'> | undefined
  #index: RelevanceIndex | undefined
  #indexed: readonly ClosedRange[] = []
  #isFull = false
  #facts: { readonly seq: number; readonly fact: Fact }[] = []
  #factBytes = 0
  readonly #withoutVector = new Set<number>()
  #kept:
    | { keep: (message: Message) => boolean; looked: readonly ClosedRange[]; seqs: Set<number> }
    | undefined
  #latestUser: { path: string; through: number; message: Message | undefined; bytes: number } | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(reader: PageReader, options: SessionHistoryOptions) {
    this.#reader = reader
    this.#options = options
  }

  /** Bytes it holds in memory, approximately. */
  get bytes(): number {
    const seqs = (this.#withoutVector.size + (this.#kept?.seqs.size ?? 0)) * 40
    return (
      1500 +
      (this.#latestUser?.bytes ?? 0) +
      this.#knownBytes +
      this.#factBytes +
      seqs +
      (this.#index?.bytes ?? 0)
    )
  }

  get index(): RelevanceIndex {
    return (this.#index ??= createRelevanceIndex())
  }

  /** Runs one piece of work at a time: of two at once, the second finds what the first has read. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work, work)
    this.#last = run.catch(() => undefined)
    return run
  }

  /**
   * Whether this is still the log that it was read from. A failover to a replica may lose messages, and others get their
   * places: then all that was kept may be wrong. Costs a read where more was appended meanwhile than was just read.
   *
   * @param newest The newest messages of the log, which were just read.
   */
  async isOf(newest: readonly Message[]): Promise<boolean> {
    const isOther = ({ seq, id, at }: Message): boolean => {
      const known = this.#newest?.seq === seq ? this.#newest : this.get(seq)
      return known !== undefined && (known.id !== id || known.at !== at)
    }
    if (newest.some(isOther)) return false
    const last = this.#newest?.seq
    if (last === undefined || newest[0] === undefined || last >= newest[0].seq) return true
    const [there] = await this.#reader.page({ from: last, to: last }, 'asc')
    return there !== undefined && !isOther(there)
  }

  /** Keeps messages that came with another read. */
  take(messages: readonly Message[]): void {
    atOnce(this.taking(messages))
  }

  /** As `take`, step by step. */
  *taking(messages: readonly Message[]): Generator<void, void> {
    for (const message of messages) {
      if (this.#known.has(message.seq)) continue
      const bytes = bytesOfMessage(message) + perEntry
      this.#known.set(message.seq, { message, bytes })
      const { seq, id, at } = message
      if (seq > (this.#newest?.seq ?? 0)) this.#newest = { seq, id, at }
      this.#knownBytes += bytes
      yield
    }
  }

  /** Keeps messages, the first of the list first, as many as there may be of one session. */
  *keeping(messages: readonly Message[]): Generator<void, void> {
    const before = this.#knownBytes
    for (const message of messages) {
      if (this.#knownBytes - before > this.#options.maxBytes) return
      yield* this.taking([message])
    }
  }

  get(seq: number): Message | undefined {
    return this.#known.get(seq)?.message
  }

  /**
   * Messages from the newest back, each read when it is needed; `wanted` says how many more the caller will likely
   * need.
   */
  async *backwards(ranges: readonly ClosedRange[], wanted: () => number): AsyncGenerator<Message, void> {
    for (const { from, to } of ranges.toReversed()) {
      let seq = to
      while (seq >= from) {
        await pause()
        const message = this.get(seq)
        const page =
          message === undefined ? await this.#reader.page({ from, to: seq }, 'desc', wanted()) : [message]
        if (page.length === 0) break
        yield* page
        seq = page.at(-1)!.seq - 1
      }
    }
  }

  /** Messages from the oldest on, each read when it is needed. */
  async *forwards(ranges: readonly ClosedRange[]): AsyncGenerator<Message, void> {
    for (const range of ranges) for await (const page of this.#ascending(range)) yield* page
  }

  /** The newest message of a user before a seq; undefined when there is none. */
  async latestUser(
    ranges: readonly ClosedRange[],
    before = Number.MAX_SAFE_INTEGER,
  ): Promise<readonly Message[]> {
    const path = JSON.stringify(
      ranges.map(({ from, to }, index) => (index === ranges.length - 1 ? from : [from, to])),
    )
    const known = this.#latestUser?.path === path ? this.#latestUser : undefined
    const unseen = ranges.flatMap(({ from, to }) => {
      const start = Math.max(from, (known?.through ?? 0) + 1)
      const end = Math.min(to, before - 1)
      return start <= end ? [{ from: start, to: end }] : []
    })
    let found = known?.message
    for await (const message of this.backwards(unseen, () => mostPerPage)) {
      if (message.role !== 'user') continue
      found = message
      break
    }
    const bytes = found === undefined ? 0 : bytesOfMessage(found)
    this.#latestUser = { path, through: before - 1, message: found, bytes }
    return found === undefined ? [] : [found]
  }

  /** The system messages at the beginning of the log. */
  async leading(ranges: readonly ClosedRange[]): Promise<readonly Message[]> {
    const leading: Message[] = []
    for (const range of ranges) {
      let next = range.from
      while (next <= range.to) {
        const known = this.get(next)
        const page =
          known === undefined ? await this.#reader.page({ from: next, to: range.to }, 'asc', 1) : [known]
        const message = page[0]
        if (message === undefined) break
        this.take(page)
        if (message.role !== 'system') return leading
        leading.push(message)
        if (leading.length === mostLeading) return leading
        next = message.seq + 1
      }
    }
    return leading
  }

  /** Reads the messages with these seqs, ascending, unless they are in memory. Close ones are read together. */
  async fetch(seqs: readonly number[]): Promise<void> {
    const missing = rangesOf(seqs.filter((seq) => !this.#known.has(seq)))
    const together: ClosedRange[] = []
    for (const { from, to } of missing) {
      const last = together.at(-1)
      if (last !== undefined && from - last.to <= nearby)
        together[together.length - 1] = { from: last.from, to }
      else together.push({ from, to })
    }
    const rest = together.values()
    const read = async (): Promise<void> => {
      for (const range of rest) for await (const page of this.#reader.pages([range])) this.take(page)
    }
    await Promise.all(Array.from({ length: readsAtOnce }, read))
  }

  /** Adds new messages to index, facts and vectors, oldest first, page by page. */
  async digest(ranges: readonly ClosedRange[]): Promise<void> {
    for (const range of rangesWithout(ranges, this.#indexed)) {
      for await (const page of this.#ascending(range)) {
        await inSlices(this.#digesting(page))
        await this.#embed(page)
        this.#indexed = rangesWith(this.#indexed, rangesOf(page.map(({ seq }) => seq)))
      }
      this.#indexed = rangesWith(this.#indexed, [range])
    }
    await this.#embedMissing()
  }

  /** Facts extracted from the messages of a path, oldest first. */
  factsOn(ranges: readonly ClosedRange[]): readonly Fact[] {
    const isOn = (seq: number): boolean => ranges.some(({ from, to }) => from <= seq && seq <= to)
    return this.#facts.filter(({ seq }) => isOn(seq)).map(({ fact }) => fact)
  }

  /** Seqs of the messages that must be kept, ascending; messages that were not read yet are read. */
  async keptBy(
    ranges: readonly ClosedRange[],
    keep: (message: Message) => boolean,
  ): Promise<readonly number[]> {
    if (this.#kept?.keep !== keep) this.#kept = { keep, looked: [], seqs: new Set() }
    const kept = this.#kept
    for (const range of rangesWithout(ranges, kept.looked)) {
      for await (const page of this.#ascending(range)) {
        const found = page.filter(keep)
        this.take(found)
        for (const { seq } of found) kept.seqs.add(seq)
      }
      kept.looked = rangesWith(kept.looked, [range])
    }
    return [...kept.seqs]
      .filter((seq) => ranges.some(({ from, to }) => from <= seq && seq <= to))
      .sort(ascending)
  }

  /** Drops texts until it is within its bound, step by step: the oldest first, and those just used last. */
  *shrinking(used: readonly Message[]): Generator<void, void> {
    let over = this.bytes - this.#options.maxBytes
    if (over <= 0) return
    const inUse = new Set<number>()
    for (const { seq } of used) {
      inUse.add(seq)
      yield
    }
    const others: number[] = []
    for (const seq of this.#known.keys()) {
      if (!inUse.has(seq)) others.push(seq)
      yield
    }
    // Numbers alone sort many times faster.
    for (const seqs of [Float64Array.from(others).sort(), inUse]) {
      for (const seq of seqs) {
        if (over <= 0) return
        const { bytes } = this.#known.get(seq) ?? { bytes: 0 }
        this.#known.delete(seq)
        this.#knownBytes -= bytes
        over -= bytes
        yield
      }
    }
  }

  /** The messages of a range in pages, oldest first; they are kept in memory while there is room. */
  async *#ascending({ from, to }: ClosedRange): AsyncGenerator<readonly Message[], void> {
    let next = from
    while (next <= to) {
      await pause()
      const known: Message[] = []
      while (next <= to && known.length < mostPerPage) {
        const message = this.get(next)
        if (message === undefined) break
        known.push(message)
        next++
      }
      if (known.length > 0) yield known
      if (next > to) return
      if (this.#known.has(next)) continue
      let end = next
      while (end < to && end - next < mostPerPage && !this.#known.has(end + 1)) end++
      const page = await this.#reader.page({ from: next, to: end }, 'asc')
      if (page.length === 0) next = end + 1
      else {
        next = page.at(-1)!.seq + 1
        if (this.bytes < this.#options.maxBytes) await inSlices(this.taking(page))
        yield page
      }
    }
  }

  *#digesting(page: readonly Message[]): Generator<void, void> {
    for (const message of page) {
      if (!this.#isFull) yield* this.index.adding([message])
      if (this.index.bytes > this.#options.maxBytes && !this.#isFull) {
        this.#isFull = true
        this.#options.onIndexFull()
      }
      for (const fact of this.#options.extractFacts?.(message) ?? [])
        this.#facts.push({ seq: message.seq, fact })
      yield
    }
    if (this.#facts.length <= mostFacts) return
    const merged = new Set(
      mergeFacts(
        [],
        this.#facts.map(({ fact }) => fact),
      ).slice(-mostFacts),
    )
    this.#facts = this.#facts.filter(({ fact }) => merged.has(fact))
    this.#factBytes = bytesOf(this.#facts)
  }

  async #embed(page: readonly Message[]): Promise<void> {
    const { embed, onEmbedFailure } = this.#options
    if (embed === undefined || this.#isFull) return
    for (let start = 0; start < page.length; start += embedBatch) {
      const batch = page.slice(start, start + embedBatch)
      try {
        await embedMessages(this.index, batch, embedInTime(embed))
        for (const { seq } of batch) this.#withoutVector.delete(seq)
      } catch (cause) {
        for (const { seq } of batch)
          if (this.#withoutVector.size < mostWithoutVector) this.#withoutVector.add(seq)
        onEmbedFailure(cause)
      }
    }
  }

  /** Tries again to embed messages that failed before, one batch at a time. */
  async #embedMissing(): Promise<void> {
    const seqs = [...this.#withoutVector].slice(0, embedBatch).sort(ascending)
    if (seqs.length === 0) return
    await this.fetch(seqs)
    await this.#embed(seqs.flatMap((seq) => this.get(seq) ?? []))
  }
}

const ascending = (a: number, b: number): number => a - b
