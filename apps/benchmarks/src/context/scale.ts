import type { Message } from '@sessions/core'
import { buildContext, createRelevanceIndex, slidingWindow } from '@sessions/core/context'
import { type Conversation, countByLength } from './conversations.js'

export interface Scale {
  readonly what: string
  readonly millis: number
}

/** The cost of a build in a session of 10,000 messages, made by repeating the conversations. */
export function measureScale(conversations: readonly Conversation[], count = 10_000): readonly Scale[] {
  const all = conversations.flatMap((conversation) => conversation.messages)
  const messages = Array.from({ length: count }, (_, index): Message => {
    const message = all[index % all.length]!
    return {
      ...message,
      seq: index + 1,
      id: `m${index}`,
      content: `${message.content as string} ${index % 997}`,
    }
  })
  const questions = conversations.flatMap((conversation) => conversation.questions.map(({ text }) => text))
  const options = { maxTokens: 8000, countTokens: countByLength }

  const index = createRelevanceIndex()
  const fill = timed(1, () => index.add(messages))
  const heap = process.memoryUsage().heapUsed
  const kept = createRelevanceIndex()
  kept.add(messages)
  const bytes = process.memoryUsage().heapUsed - heap
  return [
    {
      what: 'sliding window',
      millis: timed(30, () => buildContext({ messages }, { ...options, strategy: slidingWindow() })),
    },
    {
      what: 'default, no query, index kept',
      millis: timed(30, () => buildContext({ messages, index }, options)),
    },
    {
      what: 'default, a query, index kept',
      millis: timed(60, (run) =>
        buildContext({ messages, index, query: questions[run % questions.length]! }, options),
      ),
    },
    {
      what: 'default, a query, no index',
      millis: timed(3, () => buildContext({ messages, query: questions[0]! }, options)),
    },
    { what: `filling the index (about ${Math.round(bytes / 2 ** 20)} MiB)`, millis: fill },
  ]
}

function timed(runs: number, work: (run: number) => unknown): number {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const start = performance.now()
    work(run)
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)]!
}
