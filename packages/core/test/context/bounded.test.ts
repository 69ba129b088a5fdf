import { describe, expect, it } from 'vitest'
import { extractFacts, mergeFacts } from '../../src/context/facts.js'
import { queryKind } from '../../src/context/pick.js'
import { planSummary } from '../../src/context/plan-summary.js'
import { excerpt } from '../../src/context/summary.js'
import { estimateTokens } from '../../src/context/token-count.js'
import { speakerOf, termsOf } from '../../src/terms/words.js'
import { periodsIn } from '../../src/context/dates.js'
import { type Message, textOf } from '../../src/domain/message.js'
import { createSessions } from '../../src/index.js'
import { alice } from '../service.js'
import { call, type Entry, log, result, text } from './histories.js'

const base64 = Buffer.alloc(60_000, 7).toString('base64')

describe('what a summarizer is given', () => {
  const messages = log(
    ...Array.from({ length: 60 }, (_, index): Entry[] => [
      ['user', `Fetch page ${index}`],
      ['assistant', [text('I look'), call(`c${index}`)]],
      ['tool', [result(`c${index}`, 'a page of words '.repeat(3500))]],
      ['assistant', `Page ${index} is about words.`],
    ]).flat(),
    [
      'user',
      [text('See this'), { type: 'image', mediaType: 'image/png', filename: 'cat.png', image: base64 }],
    ],
    ['tool', [result('c0', base64)]],
    ['user', [{ type: 'file', mediaType: 'application/pdf', data: base64 }]],
    ['assistant', 'A cat.'],
  )

  it('is no more than it may be, in plans that go on where the last one ended', () => {
    const plan = planSummary(messages, [], { keepTokens: 0, inputTokens: 4000 })!
    expect(plan.from).toBe(1)
    expect(plan.messages.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(4000)
    expect(JSON.stringify(plan.messages).length).toBeLessThan(40_000)
    expect(plan.messages.at(-1)!.seq).toBe(plan.to)
    expect(messages[plan.to]!.role).toBe('user')
    const next = planSummary(messages, [{ from: 1, to: plan.to, text: 'x', tokens: 5, at: 1 }], {
      keepTokens: 0,
      inputTokens: 4000,
    })!
    expect(next.messages[0]!.seq).toBe(plan.to + 1)
  })

  it('names media and holds none of their bytes', () => {
    const told = [{ from: 1, to: 240, text: 'x', tokens: 5, at: 1 }]
    const plan = planSummary(messages, told, { keepTokens: 0, minTokens: 1 })!
    const given = JSON.stringify(plan.messages)
    expect(given).toContain('[image/png cat.png]')
    expect(given).toContain('[application/pdf]')
    expect(given).not.toContain(base64.slice(0, 600))
    expect(given.length).toBeLessThan(3000)
  })

  it('is handed over part by part until all of it is told', async () => {
    const given: number[] = []
    const sessions = createSessions({
      limits: { maxMessageLength: 1_000_000 },
      context: {
        summaries: { keepTokens: 0, inputTokens: 2000, minTokens: 100 },
        summarize: (plan) => {
          given.push(plan.messages.reduce((sum, { tokens }) => sum + tokens, 0))
          return 'in short'
        },
      },
    })
    const session = await sessions.for(alice).create()
    await session.append(messages.slice(0, 120).map(({ role, content }) => ({ role, content })))
    while ((await session.compact()).more === true);
    expect(given.length).toBeGreaterThan(3)
    expect(Math.max(...given)).toBeLessThanOrEqual(2000)
    expect((await session.read()).summaries.at(-1)!.to).toBeGreaterThanOrEqual(116)
  })
})

describe('an excerpt', () => {
  it('does not cut what is told before its number', () => {
    const long = `${'and we walked on, and the sun was out, and nobody said a word '.repeat(6)}, oh and my locker code is 48213 by the way`
    const messages = log(
      ['user', long],
      ...Array.from({ length: 200 }, (): Entry => ['user', 'What do you think of the weather today?']),
    )
    const plan = planSummary(messages, [], { keepTokens: 0, maxTokens: 800 })!
    expect(excerpt(plan)).toContain('48213')
    expect(estimateTokens({ role: 'user', content: excerpt(plan) })).toBeLessThanOrEqual(plan.maxTokens)
  })
})

describe('facts', () => {
  it('are drawn from each message once, and only so many are kept', async () => {
    const seen: number[] = []
    const drawn = (message: Message) => {
      seen.push(message.seq)
      return [{ id: `f${message.seq}`, text: `Fact number ${message.seq}`, seq: message.seq, at: 1 }]
    }
    const session = await createSessions({ context: { extractFacts: drawn } })
      .for(alice)
      .create()
    const say = (count: number) =>
      session.append(Array.from({ length: count }, () => ({ role: 'user' as const, content: 'Hm' })))
    await say(2000)
    const { report } = await session.context({ maxTokens: 2000 })
    expect(report.kept.facts.length + report.droppedFacts.length).toBe(500)
    await say(3)
    await session.context({ maxTokens: 2000 })
    expect(seen).toEqual(Array.from({ length: 2003 }, (_, index) => index + 1))
  })

  // These come to an end; what is not linear would not.
  it('are merged, sixty thousand of them', () => {
    const many = Array.from({ length: 60_000 }, (_, index) => ({
      id: `${index}`,
      text: `Fact ${index % 40_000}`,
      at: 1,
    }))
    expect(mergeFacts(many.slice(0, 30_000), many.slice(30_000))).toHaveLength(40_000)
  })
})

describe('text of a user, two hundred thousand characters of it', () => {
  it.each(
    [
      'my ',
      "i'm allergic to ",
      'remember that: ',
      'a',
      'ing',
      'y',
      '? ',
      ' ',
      '\n',
      'in jan',
      '1 of jan ',
      'my name is ',
      "a'",
      'é',
      '안',
      'sses',
      "'s",
      ': ',
      'ies1',
      '.',
      '. a',
      '1.',
    ].map((piece) => ({
      piece,
    })),
  )('is looked through in time by its length: $piece', ({ piece }) => {
    const said = piece.repeat(200_000 / piece.length)
    const [message] = log(['user', said])
    extractFacts(message!)
    termsOf(said)
    speakerOf(said)
    periodsIn(said, [2025, 2026])
    queryKind(said)
    estimateTokens(message!)
    const plan = planSummary(log(['user', said], ['user', 'x']), [], { keepTokens: 0, minTokens: 0 })!
    expect(textOf(plan.messages[0]!).length).toBeLessThan(100_000)
    excerpt(plan)
  })
})
