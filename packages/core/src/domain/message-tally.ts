import { isJsonObject } from '../json.js'
import { type Message, textOf } from './message.js'
import { redactedAt } from './message-changes.js'
import type { KeptTally, MessageCounts, TimeSpread } from './counted-messages.js'
import { type Topic, TopicCounts } from './topics.js'

const dayMs = 86_400_000
const maxDays = 366

const noSpread: TimeSpread = { count: 0, totalMs: 0, longestMs: 0 }
export const noCounts: MessageCounts = {
  byRole: { system: 0, user: 0, assistant: 0, tool: 0 },
  tokens: 0,
  turns: { completed: 0, failed: 0, aborted: 0, reused: 0, responses: noSpread, firstTokens: noSpread },
}

/** Counts over a session's messages, added one message at a time. */
export class MessageTally {
  #counts: MessageCounts
  readonly #topics: TopicCounts
  #days: readonly number[]

  constructor(kept?: KeptTally) {
    this.#counts = kept ?? noCounts
    this.#topics = new TopicCounts(kept?.topics)
    this.#days = kept?.days ?? []
  }

  /** Upper bound in memory. */
  get bytes(): number {
    return 1000 + this.#topics.bytes + 8 * maxDays
  }

  add(message: Pick<Message, 'role' | 'content' | 'tokens' | 'status' | 'metadata' | 'at'>): void {
    this.addCounts(countsOf(message))
    if (message.role !== 'user') return
    // Nobody said the word that stands where words were.
    if (redactedAt(message) === undefined) this.#topics.add(textOf(message))
    const day = Math.floor(message.at / dayMs)
    if (this.#days.at(-1) === day || this.#days.includes(day)) return
    this.#days = [...this.#days, day].toSorted((one, other) => one - other).slice(-maxDays)
  }

  /** Adds the counts of messages that no user wrote. */
  addCounts(more: MessageCounts): void {
    this.#counts = sumOfCounts(this.#counts, more)
  }

  kept(): KeptTally {
    const { byRole, tokens, turns } = this.#counts
    return { byRole, tokens, turns, topics: this.#topics.kept(), days: this.#days }
  }

  counts(): MessageCounts & {
    readonly total: number
    readonly topics: readonly Topic[]
    readonly days: readonly number[]
  } {
    const { byRole, tokens, turns } = this.#counts
    const total = Object.values(byRole).reduce((sum, of) => sum + of, 0)
    return { byRole, tokens, turns, total, topics: this.#topics.top(), days: this.#days }
  }
}

/** The counts of one message. */
export function countsOf({
  role,
  tokens,
  status,
  metadata,
}: Pick<Message, 'role' | 'tokens' | 'status' | 'metadata'>): MessageCounts {
  const byRole = { ...noCounts.byRole, [role]: 1 }
  const turn = role === 'assistant' ? metadata?.['turn'] : undefined
  if (!isJsonObject(turn) || typeof turn['id'] !== 'string' || status === 'corrupt')
    return { byRole, tokens, turns: noCounts.turns }
  const turns = {
    ...noCounts.turns,
    [status]: 1,
    reused: turn['reused'] === true ? 1 : 0,
    responses: once(turn['durationMs']),
    firstTokens: once(turn['firstTokenMs']),
  }
  return { byRole, tokens, turns }
}

function once(ms: unknown): TimeSpread {
  const isTime = typeof ms === 'number' && ms >= 0
  return isTime ? { count: 1, totalMs: ms, longestMs: ms } : noSpread
}

export function sumOfCounts(one: MessageCounts, other: MessageCounts): MessageCounts {
  const { byRole, tokens, turns } = one
  const more = other.turns
  return {
    byRole: {
      system: byRole.system + other.byRole.system,
      user: byRole.user + other.byRole.user,
      assistant: byRole.assistant + other.byRole.assistant,
      tool: byRole.tool + other.byRole.tool,
    },
    tokens: tokens + other.tokens,
    turns: {
      completed: turns.completed + more.completed,
      failed: turns.failed + more.failed,
      aborted: turns.aborted + more.aborted,
      reused: turns.reused + more.reused,
      responses: sumOfSpreads(turns.responses, more.responses),
      firstTokens: sumOfSpreads(turns.firstTokens, more.firstTokens),
    },
  }
}

function sumOfSpreads(one: TimeSpread, other: TimeSpread): TimeSpread {
  return {
    count: one.count + other.count,
    totalMs: one.totalMs + other.totalMs,
    longestMs: Math.max(one.longestMs, other.longestMs),
  }
}
