import type { PartialHistory } from '../context/build-context.js'
import { hasWindow } from '../context/needs.js'
import type { ContextNeeds } from '../context/strategy.js'
import { bestPlaces } from '../context/relevance.js'
import type { Relevance, RelevanceIndex } from '../context/relevance-index.js'
import { type Message, textOf } from '../domain/message.js'
import type { ClosedRange } from '../domain/path-ranges.js'
import type { Fact } from '../domain/session-body.js'
import { atOnce, inSlices, pause } from '../async/slices.js'
import type { SessionHistory } from '../service/session-history.js'

/** The part of a session's log that a context is built from. */
export interface GatheredMessages {
  /** Ascending. */
  readonly messages: readonly Message[]
  /** Tokens of the newest messages, those that were read for the window. */
  readonly tokens: number
  /** How many messages those are. */
  readonly count: number
  /** Absent when `messages` is all of the path. */
  readonly partial?: PartialHistory
  /** Absent when the context searches for nothing. */
  readonly index?: RelevanceIndex
  readonly queryVector?: readonly number[]
  /** Facts extracted from the log. */
  readonly facts: readonly Fact[]
}

export interface GatherOptions {
  readonly history: SessionHistory
  /** The active path. */
  readonly ranges: readonly ClosedRange[]
  readonly needs: ContextNeeds
  /** Tokens that the model needs for a message. */
  readonly room: number
  /** Tokens that a result of a tool is cut to. */
  readonly toolResultTokens: number
  /** The caller's query; otherwise the text of the latest user message. */
  readonly query: string | undefined
  /** Messages of the turn that come after the stored ones. */
  readonly pending: readonly Message[]
  readonly vectorOf: (text: string) => Promise<readonly number[] | undefined>
  readonly drawsFacts: boolean
}

// More candidates for quotes than fit, because some of them are in the window already.
const spareQuotes = 1.5
const mostQuotes = 400
// How far a call may be from its results, to be quoted together.
const groupReach = 8
// More than the window itself, so that its beginning is not cut inside a group.
const spareMessages = 2
const mostTorn = 32

/** Reads the messages that a strategy needs, and no more. */
export async function gatherMessages(options: GatherOptions): Promise<GatheredMessages> {
  const { history, ranges, needs, pending, room } = options
  const tail = await readTail(options)
  const first = ranges[0]?.from
  const isComplete = tail.messages[0]?.seq === first
  const chosen = new Map<number, Message>()
  const choose = (messages: readonly Message[]): void => {
    for (const message of messages) chosen.set(message.seq, message)
  }
  const isUser = (message: Message): boolean => message.role === 'user' && message.status !== 'corrupt'
  let leading: readonly Message[] = []
  if (!isComplete) {
    choose(tail.messages)
    if (!pending.some(isUser) && !tail.messages.some(isUser)) {
      choose(await history.latestUser(ranges, tail.messages[0]?.seq))
    }
    leading = await history.leading(ranges)
    choose(leading)
    if (needs.keep !== undefined) {
      const kept = await history.keptBy(ranges, needs.keep)
      await history.fetch(kept)
      choose(kept.flatMap((seq) => history.get(seq) ?? []))
    }
  }

  const ofUser = [...chosen.values()].filter(isUser)
  const latest = pending.findLast(isUser) ?? tail.messages.findLast(isUser) ?? ofUser.sort(bySeq).at(-1)
  const text = options.query ?? (latest === undefined ? '' : textOf(latest))
  const mayFit = isComplete && hasWindow(needs) && tail.tokens <= room / 2
  const looksUp = (needs.recall ?? 0) > 0 && text.trim() !== '' && !mayFit
  const drawsFacts = options.drawsFacts && needs.facts === true
  if (looksUp || drawsFacts) await history.digest(ranges)
  const facts = drawsFacts ? history.factsOn(ranges) : []
  await pause()
  // Of a path that is complete, whoever searches has the messages themselves.
  const seqs = isComplete ? [] : seqsOf(ranges, pending)
  await pause()
  const queryVector = looksUp ? await options.vectorOf(text) : undefined
  const index = looksUp ? asOf(history.index, seqs) : undefined
  if (index !== undefined && !isComplete) {
    const found = await inSlices(index.ranking({ text, seqs, vector: queryVector, except: latest?.seq }))
    const picks = await inSlices(bestSeqs(found, seqs, (seq) => !chosen.has(seq), history, needs.recall ?? 0))
    await history.fetch(picks)
    choose(await wholeGroups(history, ranges, picks))
  }
  await pause()
  const messages = isComplete ? tail.messages : [...chosen.values()].sort(bySeq)
  const from = tail.messages[0]?.seq ?? Number.MAX_SAFE_INTEGER
  return {
    messages,
    tokens: tail.tokens,
    count: tail.messages.length,
    facts,
    ...(isComplete || first === undefined
      ? {}
      : { partial: { from, leadingTo: leading.at(-1)?.seq ?? 0, seqs } }),
    ...(index === undefined ? {} : { index }),
    ...(queryVector === undefined ? {} : { queryVector }),
  }
}

const bySeq = (a: Message, b: Message): number => a.seq - b.seq

/** The newest messages, oldest first: as many as the window of a strategy can hold. */
async function readTail({ history, ranges, needs, toolResultTokens }: GatherOptions) {
  const all = needs.all === true
  const most = hasWindow(needs) ? (needs.messages ?? Number.POSITIVE_INFINITY) + spareMessages : 1
  const enough = hasWindow(needs) ? (needs.tokens ?? Number.POSITIVE_INFINITY) : 0
  const messages: Message[] = []
  let tokens = 0
  let torn = 0
  const wanted = (): number => {
    if (all) return Number.POSITIVE_INFINITY
    const mean = messages.length === 0 ? 100 : Math.max(1, tokens / messages.length)
    return Math.min(most - messages.length, (enough - tokens) / mean + spareMessages)
  }
  for await (const message of history.backwards(ranges, wanted)) {
    messages.push(message)
    tokens += message.role === 'tool' ? Math.min(message.tokens, toolResultTokens) : message.tokens
    if (all || (messages.length < most && tokens <= enough)) continue
    // A result of a tool needs its call.
    if (message.role !== 'tool' || torn++ === mostTorn) break
  }
  await inSlices(history.keeping(messages))
  messages.reverse()
  return { messages, tokens }
}

function seqsOf(ranges: readonly ClosedRange[], pending: readonly Message[]): readonly number[] {
  const seqs: number[] = []
  for (const { from, to } of ranges) for (let seq = from; seq <= to; seq++) seqs.push(seq)
  for (const { seq } of pending) seqs.push(seq)
  return seqs
}

/** An index that does not change, and keeps its last answer. */
function asOf(index: RelevanceIndex, seqs: readonly number[]): RelevanceIndex {
  let last: { text: string; found: Relevance } | undefined
  return {
    ...index,
    size: index.size,
    bytes: index.bytes,
    // A message that is not stored has no place in the index yet: another message may get its seq.
    add: () => {},
    adding: function* () {},
    rank(query) {
      return atOnce(this.ranking(query))
    },
    *ranking(query) {
      if (query.seqs !== seqs || query.text !== last?.text)
        last = { text: query.text, found: yield* index.ranking(query) }
      return last.found
    },
  }
}

/** The seqs that match the query best, ascending: as many as could be quoted. */
function* bestSeqs(
  { scores }: Relevance,
  seqs: readonly number[],
  isOut: (seq: number) => boolean,
  history: SessionHistory,
  room: number,
) {
  const outside = new Float64Array(scores.length)
  for (const [place, score] of scores.entries()) if (isOut(seqs[place]!)) outside[place] = score
  yield
  const places = bestPlaces(outside)
  yield
  const picks: number[] = []
  let left = room * spareQuotes
  for (const place of places) {
    const seq = seqs[place]!
    const tokens = history.index.tokensOf(seq)
    if (tokens > room) continue
    left -= tokens
    if (left < 0 || picks.length === mostQuotes) break
    picks.push(seq)
  }
  return picks.sort((a, b) => a - b)
}

/** The chosen messages, with the results of their tool calls, or with the calls of their results. */
async function wholeGroups(
  history: SessionHistory,
  ranges: readonly ClosedRange[],
  picks: readonly number[],
): Promise<readonly Message[]> {
  const isOn = (seq: number): boolean => ranges.some(({ from, to }) => from <= seq && seq <= to)
  const around = new Set<number>()
  for (const seq of picks) {
    const message = history.get(seq)
    if (message === undefined || !isOfGroup(message)) continue
    for (let other = seq - groupReach; other <= seq + groupReach; other++) if (isOn(other)) around.add(other)
  }
  await history.fetch([...around].sort((a, b) => a - b))
  const found = new Map<number, Message>()
  for (const seq of picks) {
    const message = history.get(seq)
    if (message === undefined) continue
    const group = isOfGroup(message) ? groupAround(history, message) : [message]
    for (const each of group) found.set(each.seq, each)
  }
  return [...found.values()]
}

function isOfGroup({ role, content }: Message): boolean {
  return role === 'tool' || (typeof content !== 'string' && content.some(({ type }) => type === 'tool-call'))
}

/** Neighbouring calls, and the results after them. Returns nothing when the beginning or the end is missing. */
function groupAround(history: SessionHistory, message: Message): readonly Message[] {
  const isCall = (other: Message | undefined): other is Message =>
    other !== undefined && other.role === 'assistant' && isOfGroup(other)
  let from = message.seq
  while (history.get(from)?.role === 'tool') from--
  while (isCall(history.get(from - 1))) from--
  if (!isCall(history.get(from))) return []
  let to = from
  while (isCall(history.get(to + 1))) to++
  while (history.get(to + 1)?.role === 'tool') to++
  const group: Message[] = []
  for (let seq = from; seq <= to; seq++) group.push(history.get(seq)!)
  const calls = partsOf(group, 'tool-call')
  return calls <= partsOf(group, 'tool-result') ? group : []
}

function partsOf(messages: readonly Message[], type: string): number {
  let count = 0
  for (const { content } of messages) {
    if (typeof content !== 'string') for (const part of content) if (part.type === type) count++
  }
  return count
}
