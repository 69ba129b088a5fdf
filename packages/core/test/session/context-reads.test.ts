import { describe, expect, it } from 'vitest'
import {
  compose,
  type ContextStrategy,
  facts,
  pinned,
  relevance,
  select,
  slidingWindow,
  stableWindow,
  summarize,
  tokenBudget,
  within,
} from '../../src/context.js'
import { createSessions, memoryStore, type SessionStore } from '../../src/index.js'
import { alice } from '../service.js'

/** A store that counts what it hands out. */
function counting(store: SessionStore): { store: SessionStore; read: { messages: number; bytes: number } } {
  const read = { messages: 0, bytes: 0 }
  const count = (messages: readonly { payload: string }[]): void => {
    read.messages += messages.length
    for (const { payload } of messages) read.bytes += payload.length
  }
  return {
    read,
    store: {
      ...store,
      async read(ref, options) {
        const stored = await store.read(ref, options)
        count(stored?.messages ?? [])
        return stored
      },
      async messages(ref, query) {
        // As few as a store may give that bounds its pages by bytes.
        const page = await store.messages(ref, { ...query, limit: Math.min(query.limit, 97) })
        count(page.messages)
        return page
      },
    },
  }
}

const total = 10_000
async function longSession(): Promise<{ store: SessionStore; bytes: number }> {
  const store = memoryStore()
  const session = await createSessions({ store }).for(alice).open('long')
  let bytes = 0
  for (let start = 0; start < total; start += 500) {
    const batch = Array.from({ length: 500 }, (_, index) => ({
      role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content:
        start + index === 0
          ? 'The code of my locker is 4711.'
          : `Message ${start + index} tells of the weather in town, of trains that are late, and of what there is to eat.`,
      ...(start + index === 4000 ? { metadata: { pinned: true } } : {}),
    }))
    bytes += batch.reduce((sum, { content }) => sum + content.length, 0)
    await session.append(batch)
  }
  return { store, bytes }
}
const long = await longSession()
const maxTokens = 2000
// What a message of this session takes, so how many of them a window can hold.
const mostInWindow = maxTokens / 20

async function readBy(strategy: ContextStrategy | undefined, query?: string) {
  const { store, read } = counting(long.store)
  const session = await createSessions({ store }).for(alice).get('long')
  const options = {
    maxTokens,
    remember: false,
    ...(strategy === undefined ? {} : { strategy }),
    ...(query === undefined ? {} : { query }),
  }
  const built = await session.context(options)
  const first = { ...read }
  const again = await session.context(options)
  expect(again).toEqual(built)
  return { built, first, second: read.messages - first.messages }
}

describe('a context in a process that knows nothing of the session yet', () => {
  it.each<[string, ContextStrategy, number]>([
    ['six messages', slidingWindow({ maxMessages: 6 }), 6],
    ['as many as fit', slidingWindow(), mostInWindow],
    ['300 tokens of them', slidingWindow({ maxTokens: 300 }), 300 / 20],
    ['a window that stays where it is', stableWindow(), mostInWindow],
    [
      'facts and summaries beside a window',
      compose(facts(), summarize(), slidingWindow({ maxMessages: 20 })),
      20,
    ],
    ['a choice', select(() => within({ share: 0.25 }, slidingWindow())), mostInWindow / 4],
  ])('reads what it needs for %s', async (_, strategy, most) => {
    const { built, first, second } = await readBy(strategy)
    // The newest come along with the session; the first tells whether the log begins with instructions.
    expect(first.messages).toBeLessThanOrEqual(Math.max(32, most * 1.3) + 12)
    expect(first.bytes).toBeLessThan(long.bytes / 50)
    expect(second).toBeLessThanOrEqual(32)
    expect(built.report.dropped.reduce((sum, { messages }) => sum + messages, 0)).toBe(
      total - built.report.kept.history.length,
    )
  })

  it.each<[string, ContextStrategy | undefined]>([
    ['by default', undefined],
    ['by a split of the budget', tokenBudget()],
    ['for quotes alone', relevance()],
  ])('reads the log once to look something up, %s, and then what it quotes', async (_, strategy) => {
    const { built, first, second } = await readBy(strategy, 'What is the code of my locker?')
    expect(JSON.stringify(built.messages)).toContain('4711')
    expect(first.messages).toBeLessThanOrEqual(total + 32 + 500)
    expect(second).toBeLessThanOrEqual(32)
  })

  it('finds what is pinned, by reading the log once', async () => {
    const { built, first, second } = await readBy(compose(pinned(), slidingWindow({ maxMessages: 6 })))
    expect(built.messages[0]).toMatchObject({ seq: 4001 })
    expect(first.messages).toBeLessThanOrEqual(total + 100)
    expect(second).toBeLessThanOrEqual(32)
  })

  it('gives a strategy of your own everything, unless it says what it needs', async () => {
    const seen: number[] = []
    const own: ContextStrategy = {
      name: 'own',
      choose: ({ messages }) => {
        seen.push(messages.length)
        return {}
      },
    }
    expect((await readBy(own)).first.messages).toBeGreaterThanOrEqual(total)
    expect(seen).toEqual([total, total])
    const { first } = await readBy({ ...own, needs: () => ({ messages: 3 }) })
    expect(first.messages).toBeLessThan(50)
  })

  it('goes on with what it must to find the latest user message, and the instructions at the head', async () => {
    const store = memoryStore()
    const session = await createSessions({ store }).for(alice).open('agent')
    await session.append([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Clean up the whole list.' },
      ...Array.from({ length: 400 }, (_, index) => [
        {
          role: 'assistant' as const,
          content: [
            { type: 'tool-call' as const, toolCallId: `c${index}`, toolName: 'clean', input: { index } },
          ],
        },
        {
          role: 'tool' as const,
          content: [{ type: 'tool-result' as const, toolCallId: `c${index}`, output: 'done' }],
        },
      ]).flat(),
    ])
    const fresh = await createSessions({ store }).for(alice).get('agent')
    const built = await fresh.context({ maxTokens: 600, strategy: slidingWindow() })
    expect(built.messages[0]).toMatchObject({ role: 'system', content: 'Be brief.' })
    expect(built.messages[1]).toMatchObject({
      role: 'user',
      content: 'Clean up the whole list.',
      part: 'query',
    })
    expect(built.messages.at(-1)).toMatchObject({ role: 'tool', seq: 802 })
    expect(built.report.repairs).toEqual([])
  })
})
