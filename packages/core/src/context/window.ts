import { checkOptions } from '../options.js'
import type { MessageGroup } from './groups.js'
import { stepByStep } from './step-by-step.js'
import type { ContextStrategy } from './strategy.js'

/** How much a sliding window holds at most. */
export interface SlidingWindowOptions {
  /** Messages of the log at most, the latest user message included (default: no limit). */
  maxMessages?: number
  /** Tokens of history at most, the latest user message included (default: all that remain). */
  maxTokens?: number
}

/**
 * The newest messages, without a gap, beginning with a message of a user. A tool call and its results stay together,
 * so a window may hold fewer messages than asked for, never more.
 */
export function slidingWindow(options: SlidingWindowOptions = {}): ContextStrategy {
  checkOptions<SlidingWindowOptions>(options, { maxMessages: true, maxTokens: true })
  const { maxMessages = Infinity, maxTokens = Infinity } = options
  return {
    name: 'sliding-window',
    needs: ({ room }) => ({ messages: maxMessages, tokens: Math.min(room, maxTokens) }),
    choose({ groups, taken, room, start }) {
      let messages = 0
      let tokens = 0
      for (const index of taken) {
        messages += groups[index]!.messages.length
        tokens += groups[index]!.tokens
      }
      let left = Math.min(room, maxTokens - tokens)
      const history: number[] = []
      for (let index = groups.length - 1; index >= start; index--) {
        if (taken.has(index)) continue
        const group = groups[index]!
        if (group.tokens > left || messages + group.messages.length > maxMessages) break
        left -= group.tokens
        messages += group.messages.length
        history.push(index)
      }
      return { history: fromUser(groups, taken, history) }
    },
  }
}

/** How far a stable window moves when it is full. */
export interface StableWindowOptions {
  /** Share of the remaining room that the window falls back to when it is full, 0 to 1 (default 0.5). */
  low?: number
  /** Tokens to leave for the parts after the window, when messages have to be left out (default 0). */
  reserve?: number
}

/**
 * The newest messages from a boundary that stays while they fit, so the prompt begins with the same bytes for many
 * turns and the provider can cache it. When they no longer fit, the boundary moves at once to where `low` of the room
 * is used; when more than that fits again, it moves back.
 */
export function stableWindow(options: StableWindowOptions = {}): ContextStrategy {
  checkOptions<StableWindowOptions>(options, { low: true, reserve: true })
  const { low = 0.5, reserve = 0 } = options
  return stepByStep({
    name: 'stable-window',
    needs: ({ room }) => ({ tokens: room }),
    *choosing({ groups, taken, room, boundary, start, isWhole, told }) {
      const all = untaken(groups, taken, start)
      yield
      if (isWhole && sumOf(groups, all) <= room) return { history: all }
      yield
      const most = Math.max(0, room - reserve)
      const least = most * low
      const kept =
        boundary === undefined
          ? -1
          : groups.findIndex((group, index) => index >= start && group.seqs[0]! >= boundary)
      if (kept >= 0) {
        const history = untaken(groups, taken, kept)
        yield
        const tokens = sumOf(groups, history)
        // Far below the low mark, the room has grown since: messages that were left out can come back.
        if (tokens <= most && tokens * 2 >= least) return { history, boundary: boundary! }
        yield
      }
      const few = newest(groups, taken, least, start)
      // Messages that no summary covers yet stay, if they fit.
      const untold = told === 0 ? [] : all.filter((index) => groups[index]!.seqs[0]! > told)
      yield
      const fits = untold.length > few.length && sumOf(groups, untold) <= most
      const history = fromUser(groups, taken, fits ? untold : few)
      const first = history.at(-1)
      return first === undefined ? {} : { history, boundary: groups[first]!.seqs[0]! }
    },
  })
}

/** Groups from the newest back while they fit, newest first. */
function newest(
  groups: readonly MessageGroup[],
  taken: ReadonlySet<number>,
  room: number,
  start: number,
): readonly number[] {
  const history: number[] = []
  let left = room
  for (let index = groups.length - 1; index >= start; index--) {
    if (taken.has(index)) continue
    left -= groups[index]!.tokens
    if (left < 0) break
    history.push(index)
  }
  return history
}

function untaken(
  groups: readonly MessageGroup[],
  taken: ReadonlySet<number>,
  from: number,
): readonly number[] {
  const indexes: number[] = []
  for (let index = groups.length - 1; index >= from; index--) if (!taken.has(index)) indexes.push(index)
  return indexes
}

function sumOf(groups: readonly MessageGroup[], indexes: Iterable<number>): number {
  let tokens = 0
  for (const index of indexes) tokens += groups[index]!.tokens
  return tokens
}

/**
 * A window without the answers at its beginning: their question is outside, and a provider requires a user first.
 * Newest first, in and out. When the window has no user message, it stays as it is.
 */
export function fromUser(
  groups: readonly MessageGroup[],
  taken: ReadonlySet<number>,
  history: readonly number[],
): readonly number[] {
  const oldest = history.at(-1)
  if (oldest === undefined || oldest === 0) return history
  for (const index of taken) if (index < oldest) return history
  const end = history.findLastIndex((index) => groups[index]!.role === 'user')
  if (end >= 0) return history.slice(0, end + 1)
  let first = Infinity
  for (const index of taken) first = Math.min(first, index)
  // The only question inside is the latest one, which is in already: the messages before it are the end of another
  // turn.
  return Number.isFinite(first) ? history.filter((index) => index > first) : history
}
