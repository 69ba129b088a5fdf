import { afterEach, expect, it, vi } from 'vitest'
import { memoryStore, type SessionsOptions, type SessionWarning } from '../../src/index.js'
import type { SummaryPlan } from '../../src/context.js'
import { alice, service } from '../service.js'

const answer = (content: string) => ({ role: 'assistant' as const, content })
/** A log by letters: messages of the user, answers, calls of a tool, and their results, of ten tokens each. */
function log(letters: string) {
  return [...letters].map((letter, n) => {
    if (letter === 'u') return { role: 'user' as const, content: `question ${n}` }
    if (letter === 'a') return answer(`answer ${n}`)
    const toolCallId = `call ${letter === 'c' ? n : n - 1}`
    return letter === 'c'
      ? {
          role: 'assistant' as const,
          content: [{ type: 'tool-call' as const, toolCallId, toolName: 'look', input: {} }],
        }
      : { role: 'tool' as const, content: [{ type: 'tool-result' as const, toolCallId, output: 'found' }] }
  })
}

afterEach(() => void vi.restoreAllMocks())

async function place(letters: string, options: SessionsOptions = {}) {
  const warnings: SessionWarning[] = []
  const sessions = service({
    countTokens: () => 10,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  })
  const mine = sessions.for(alice)
  const session = await mine.create({ id: 's', messages: log(letters) })
  return { sessions, mine, session, warnings }
}

const several = { minTokens: 1, maxTokens: 100_000, inputTokens: 100_000 }

it.each([
  ['the question of the newest tokens', 'ua'.repeat(5), 40, 5],
  ['where a question begins, with a token less', 'ua'.repeat(5), 39, 7],
  ['the question before them', 'ua'.repeat(5), 35, 7],
  ['the newest question, whatever it takes', 'ua'.repeat(5), 0, 9],
  ['the step of a tool, when the question is far', `u${'ct'.repeat(60)}`, 40, 52],
  ['the step of a tool, when there is no question', 'ct'.repeat(10), 40, 17],
  ['the whole step of a tool', 'ct'.repeat(10), 30, 19],
])('keeps %s', async (_, letters, keepTokens, from) => {
  const { session } = await place(letters)
  const plans: SummaryPlan[] = []
  const summarize = async (plan: SummaryPlan) => {
    plans.push(plan)
    return 'in short'
  }
  const { summary } = await session.compact({ ...several, keepTokens, summarize })
  const to = from - 1
  expect(summary).toMatchObject({ from: 1, to, text: 'in short' })
  expect(plans.map(({ messages }) => messages.map(({ seq }) => seq))).toEqual([
    Array.from({ length: to }, (__, n) => n + 1),
  ])
  // What it covers is not summed up again, and the rest only once there is more of it.
  expect(await session.compact({ ...several, keepTokens, summarize })).toEqual({ compacted: false })
  await session.append(log('uaua'))
  const next = await session.compact({ ...several, keepTokens: 15, summarize })
  expect(next.summary).toMatchObject({ from, to: letters.length + 2 })
})

it('sums up a long session in as many rounds as one call makes, and says that there is more', async () => {
  const { session } = await place('ua'.repeat(200))
  const ranges: string[] = []
  const wanted = {
    keepTokens: 15,
    minTokens: 50,
    inputTokens: 100,
    maxTokens: 100_000,
    summarize: async ({ from, to }: SummaryPlan) => {
      ranges.push(`${from}-${to}`)
      return 'in short'
    },
  }
  expect(await session.compact(wanted)).toMatchObject({ compacted: true, more: true })
  expect(ranges).toEqual(Array.from({ length: 16 }, (_, n) => `${n * 10 + 1}-${n * 10 + 10}`))
  expect((await session.compact(wanted)).more).toBe(true)
  const last = await session.compact(wanted)
  expect([last.compacted, last.more, last.summary?.to]).toEqual([true, undefined, 398])
  expect(ranges).toHaveLength(40)
  expect(await session.compact(wanted)).toEqual({ compacted: false })
})

it('tells the model of the caller to stop, and goes on with excerpts', async () => {
  const { session, warnings } = await place('ua'.repeat(20), { context: { summarizeTimeoutMs: 60_000 } })
  const stop = new AbortController()
  const cause = new RangeError('stopped')
  const { compacted, summary } = await session.compact({
    ...several,
    keepTokens: 15,
    signal: stop.signal,
    summarize: async (_, signal) =>
      new Promise<string>((__, reject) => {
        signal!.addEventListener('abort', () => reject(cause))
        stop.abort()
      }),
  })
  expect([compacted, summary?.to]).toEqual([true, 38])
  expect(summary?.text).toContain('question 0')
  expect(warnings).toEqual([
    {
      code: 'summarize_failed',
      message: 'A summary could not be written; excerpts take its place.',
      cause,
    },
  ])
})

it('makes excerpts when there is no model, without a warning', async () => {
  const { session, sessions, warnings } = await place('ua'.repeat(20))
  const { summary } = await session.compact({ ...several, keepTokens: 15 })
  expect(summary?.text).toContain('question 0')
  expect(warnings).toEqual([])
  expect(sessions.events.at(-1)).toMatchObject({ type: 'context.compacted', from: 1, to: 38, tokens: 10 })
})

it('keeps no summary of what was taken away meanwhile', async () => {
  const { session, sessions } = await place('ua'.repeat(20))
  const summarize = async () => {
    await session.redact(1)
    return 'what the first question said'
  }
  const before = sessions.events.length
  expect(await session.compact({ ...several, keepTokens: 15, summarize })).toEqual({ compacted: false })
  expect((await session.read()).summaries).toEqual([])
  expect(sessions.events.slice(before).map(({ type }) => type)).not.toContain('context.compacted')
})

it('sums up neither a draft nor a history that is over', async () => {
  let now = Date.now()
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  let asked = 0
  const summarize = async () => {
    asked++
    return 'in short'
  }
  const { mine, session } = await place('ua'.repeat(20), {
    store: memoryStore({ clock: () => now }),
    ttl: { historyMs: 1000 },
  })
  const all = { ...several, keepTokens: 0, summarize }
  const draft = mine.draft()
  expect(await draft.compact(all)).toEqual({ compacted: false })
  expect(draft.isStored).toBe(false)
  now += 1001
  await session.state.merge({ a: 1 })
  expect(await session.compact(all)).toEqual({ compacted: false })
  expect(asked).toBe(0)
  await session.append(log('ua'.repeat(3)))
  expect((await session.compact(all)).compacted).toBe(true)
})

it.each([{}, { redact: (text: string) => text }])(
  'warns of no failure of yours when its own excerpts have nothing to quote: %o',
  async (options) => {
    const { session, warnings } = await place('', options)
    await session.append([{ role: 'system', content: 'Be brief.' }, ...log('ua')])
    expect(await session.compact({ keepTokens: 20, minTokens: 1 })).toMatchObject({ compacted: true })
    expect(warnings).toEqual([])
  },
)
