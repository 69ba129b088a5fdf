import { buildContext, type ContextOptions } from '../context/build-context.js'
import { mergeFacts } from '../context/facts.js'
import { embedMessages } from '../context/embed.js'
import type { BuiltContext } from '../context/lay-out.js'
import type { CachedHistory } from '../service/history-cache.js'
import type { LiveSession } from '../service/live-session.js'
import { type Message, type MessageInput, textOf } from '../domain/message.js'
import { compactLater } from './compaction.js'

// As many as one turn and its tools are likely to have added since the last context.
const usualNews = 32

/** What a context of a session is for, and how much room it has. */
export interface SessionContextOptions extends ContextOptions {
  /** Instructions; always in (default: none). */
  system?: string
  /**
   * Looks something up: most of the room goes to what has to do with it (default: none; the newest messages, and
   * quotes of what the latest user message names).
   */
  query?: string
  /** Where the conversation stands, for strategies that choose by it (default: nowhere in particular). */
  phase?: string
  /**
   * Remembers with the session where the window began, so that the beginning of the prompt stays the same for many
   * turns and the provider's cache holds (default: true without a `query`). With `false`, looking changes nothing:
   * nothing is summed up afterwards either.
   */
  remember?: boolean
}

/** What a model should see of a session now, and of what a turn has to add that is not stored yet. */
export async function sessionContext(
  live: LiveSession,
  pending: readonly MessageInput[],
  options: SessionContextOptions,
): Promise<BuiltContext> {
  const { system, query, phase, remember = query === undefined, ...others } = options
  const { histories, countTokens, historyExpired, context: wanted } = live.service
  const { record, body, messages: newest } = await live.load(usualNews)
  const isEmpty = !live.isStored || historyExpired(newest.at(-1))
  const kept = await histories.of(record, isEmpty ? [] : body.path, isEmpty ? [] : newest)
  const { messages, index } = kept
  const added = pending.map((input, place) => toPending(input, place, messages.at(-1), countTokens))
  const queryVector = await vectorOf(query ?? lastUserText([...messages, ...added]), live, kept)

  const built = buildContext(
    {
      messages: [...messages, ...added],
      facts: mergeFacts(kept.facts, body.facts),
      summaries: body.summaries,
      // What is not stored has no place in the index yet: another message may get that seq.
      index: { ...index, size: index.size, add: () => {} },
      ...(system === undefined ? {} : { system }),
      ...(query === undefined ? {} : { query }),
      ...(queryVector === undefined ? {} : { queryVector }),
      ...(phase === undefined ? {} : { phase }),
      ...(body.boundary === undefined ? {} : { boundary: body.boundary }),
    },
    { countTokens, ...others },
  )

  const { boundary, boundaryMoved } = built.report
  if (remember && live.isStored && boundaryMoved) {
    // The context is right without it; the next one begins elsewhere once more, that is all.
    await live.update((before) => ({ ...before, boundary })).catch(() => undefined)
  }
  if (wanted.compactAboveTokens !== undefined && live.isStored && options.remember !== false) {
    compactLater(live, messages)
  }
  return built
}

async function vectorOf(
  text: string | undefined,
  live: LiveSession,
  { messages, index }: CachedHistory,
): Promise<readonly number[] | undefined> {
  const { context: wanted, warn } = live.service
  if (wanted.embed === undefined || text === undefined || text.trim() === '') return undefined
  try {
    await embedMessages(index, messages, wanted.embed)
    return (await wanted.embed([text]))[0]
  } catch (cause) {
    warn({ code: 'embed_failed', message: 'Messages could not be embedded; words alone find them.', cause })
    return undefined
  }
}

function lastUserText(messages: readonly Message[]): string | undefined {
  const latest = messages.findLast((message) => message.role === 'user')
  return latest === undefined ? undefined : textOf(latest)
}

/** A message of a turn that is not stored yet, as the last one of the history. */
function toPending(
  input: MessageInput,
  place: number,
  last: Message | undefined,
  countTokens: (message: Pick<Message, 'role' | 'content'>) => number,
): Message {
  const { role, content } = input
  return {
    seq: (last?.seq ?? 0) + place + 1,
    id: `pending-${place}`,
    role,
    content,
    at: last?.at ?? 0,
    tokens: countTokens({ role, content }),
    status: 'completed',
  }
}
