import { describe, expect, it } from 'vitest'
import { joined } from '../../src/context/alternation.js'
import { factsBlock, openerBlock, summaryBlock } from '../../src/context/blocks.js'
import { recallBlock } from '../../src/context/quotes.js'
import { buildContext, type ContextInput, type ContextOptions } from '../../src/context/build-context.js'
import type { ContextChoice } from '../../src/context/strategy.js'
import { type Entry, log, text } from './histories.js'
import { countLetters, summary } from './situations.js'

const facts = ['a', 'b'].map((id) => ({ id, text: `Fact ${id}`, at: 1 }))
const summaries = [summary(1, 2, 'They met.'), summary(3, 4, 'They spoke.')]
const said = (role: Entry[0], content: string, more = {}): Entry => [
  role,
  content,
  { tokens: content.length, ...more },
]
const chat = [
  said('user', 'one'),
  said('assistant', 'two'),
  said('user', 'three', { name: 'Ada' }),
  said('assistant', 'four'),
  said('user', 'now?'),
]

/** A context of exactly this choice. */
function built(
  choice: ContextChoice,
  entries: readonly Entry[] = chat,
  input: Partial<ContextInput> = {},
  options: Partial<ContextOptions> = {},
) {
  const strategy = { name: 'given', choose: () => choice }
  return buildContext(
    { messages: log(...entries), facts, summaries, ...input },
    { maxTokens: 1000, strategy, countTokens: countLetters, ...options },
  )
}

const lines = (block: { content: string }) => block.content
const letters = (block: { content: string }) => block.content.length

describe('a context', () => {
  it('has what stays the same first, what depends on the question right before it, and says what it is', () => {
    const { messages, tokens, report } = built(
      {
        history: [3, 2],
        recall: [0],
        facts: facts.slice(0, 1),
        summaries: summaries.slice(0, 1),
        boundary: 3,
      },
      chat,
      { system: 'Be kind.', included: { state: { a: 1 } }, boundary: { seq: 3 } },
      { replyTokens: 7 },
    )
    const quote = recallBlock([
      { messages: [{ role: 'user', content: 'one', tokens: 3 }], at: Date.UTC(2026, 0, 1) } as never,
    ])
    const state = '[State of the conversation]\n{"a":1}'
    expect(messages).toMatchObject([
      { role: 'system', content: 'Be kind.', tokens: 8, part: 'system' },
      {
        role: 'user',
        part: 'history',
        seq: 3,
        name: 'Ada',
        content: [
          factsBlock(facts.slice(0, 1)),
          summaryBlock(summaries.slice(0, 1)),
          { content: 'three' },
        ].map(({ content }) => text(content)),
      },
      { role: 'assistant', content: 'four', tokens: 4, seq: 4, part: 'history' },
      {
        role: 'user',
        part: 'query',
        seq: 5,
        content: [state, lines(quote), 'now?'].map(text),
        tokens: state.length + letters(quote) + 4,
      },
    ])
    expect(messages.map((message) => 'seq' in message)).toEqual([false, true, true, true])
    expect('name' in messages[2]!).toBe(false)
    const head = letters(factsBlock(facts.slice(0, 1))) + letters(summaryBlock(summaries.slice(0, 1)))
    expect(tokens).toBe(8 + head + 9 + state.length + letters(quote) + 4)
    expect(report).toEqual({
      strategy: 'given',
      tokens: {
        system: 8,
        facts: letters(factsBlock(facts.slice(0, 1))),
        summary: letters(summaryBlock(summaries.slice(0, 1))),
        history: 9,
        memory: 0,
        preferences: 0,
        cart: 0,
        state: state.length,
        recall: letters(quote),
        query: 4,
        tools: 0,
        reply: 7,
      },
      kept: {
        history: [3, 4, 5],
        recall: [1],
        facts: ['a'],
        summaries: [{ from: 1, to: 2 }],
        included: [{ part: 'state', isCut: false }],
      },
      dropped: [{ from: 2, to: 2, messages: 1, why: 'summarized' }],
      droppedFacts: ['b'],
      repairs: [],
      boundary: { seq: 3 },
      boundaryMoved: false,
      prefixHash: report.prefixHash,
      prefixTokens: 8 + head + 9,
    })
  })

  it('is the latest question alone when nothing is chosen, and nothing of an empty log', () => {
    const { messages, report } = built({})
    expect(messages).toMatchObject([{ content: 'now?', seq: 5, part: 'query' }])
    expect(report).toMatchObject({
      kept: { history: [5], recall: [], facts: [], summaries: [], included: [] },
      dropped: [{ from: 1, to: 4, messages: 4, why: 'outside-window' }],
      droppedFacts: ['a', 'b'],
      boundaryMoved: false,
      prefixTokens: 0,
    })
    expect('boundary' in report).toBe(false)
    expect(built({ boundary: 2 }).report.boundaryMoved).toBe(true)
    expect(built({}, chat, { boundary: { seq: 1 } }).report.boundaryMoved).toBe(true)
    expect(built({}, []).messages).toEqual([])
    expect(built({}, [], { system: '' }).messages).toEqual([])
  })

  it('keeps its beginning while history grows at its end, and not when that begins elsewhere', () => {
    const hash = (choice: ContextChoice, entries = chat, system = 'Be kind.') =>
      built(choice, entries, { system }).report.prefixHash
    const longer = [...chat, said('assistant', 'so'), said('user', 'and then?')]
    const at = hash({ history: [2, 3] })
    expect(hash({ history: [2, 3, 4, 5] }, longer)).toBe(at)
    expect(hash({ history: [2, 3], recall: [0] })).toBe(at)
    const others = [
      hash({ history: [0, 1] }),
      hash({ history: [2, 3], facts }),
      hash({ history: [2, 3], summaries }),
      hash({ history: [2, 3] }, chat, 'Be brief.'),
    ]
    expect(new Set([at, ...others]).size).toBe(5)
  })

  it('puts what was said after the latest question behind it', () => {
    const entries = [...chat, said('assistant', 'looking'), said('assistant', 'found')]
    const { messages, report } = built({ history: [5, 6], recall: [1] }, entries)
    expect(messages.map(({ seq, part }) => [seq, part])).toEqual([
      [5, 'query'],
      [6, 'history'],
      [7, 'history'],
    ])
    expect(report.prefixTokens).toBe(0)
    expect(report.kept).toMatchObject({ history: [5, 6, 7], recall: [2] })
  })

  it('quotes what is not in its place anyway, in the order of the log', () => {
    const { messages, report } = built({ history: [2], recall: [3, 2, 4, 1, 0] })
    expect(report.kept).toMatchObject({ history: [3, 5], recall: [1, 2, 4] })
    const [, { text: quoted }] = messages[0]!.content as unknown as [unknown, { text: string }]
    expect(quoted.split('\n').slice(2)).toEqual(['user: one', 'assistant: two', 'assistant: four'])
  })

  it('has the instructions of the log with those of the caller in one message', () => {
    const leading = [
      said('system', 'Be brief.', { name: 'ops' }),
      said('system', 'Be exact.'),
      said('user', 'Hi'),
    ]
    const own = built({}, leading, { system: 'Be kind.' })
    expect(own.messages[0]).toEqual({
      role: 'system',
      content: 'Be kind.\n\nBe brief.\n\nBe exact.',
      tokens: 26,
      part: 'system',
    })
    expect(own.report.kept.history).toEqual([1, 2, 3])
    expect(own.report.dropped).toEqual([])
    const [first] = built({}, [leading[0]!, leading[2]!]).messages
    expect(first).toEqual({
      role: 'system',
      content: 'Be brief.',
      tokens: 9,
      part: 'system',
      seq: 1,
      name: 'ops',
    })
    const [unnamed] = built({}, [leading[1]!, leading[2]!]).messages
    expect(unnamed).toEqual({ role: 'system', content: 'Be exact.', tokens: 9, part: 'system', seq: 1 })
  })

  it('lets the user speak first: by a block, a short opening, or without answers whose question is left out', () => {
    const opening = openerBlock.content
    const begins = (choice: ContextChoice, maxTokens = 1000, input = {}) => {
      const { messages, report } = built(choice, chat, input, { maxTokens })
      return [
        messages.map(({ content }) => (typeof content === 'string' ? content : content.length)),
        report.dropped,
      ]
    }
    const before = { from: 1, to: 1, messages: 1, why: 'outside-window' }
    expect(begins({ history: [1, 2, 3] })).toEqual([[opening, 'two', 'three', 'four', 'now?'], [before]])
    const spent = 3 + 5 + 4 + 4
    expect(begins({ history: [1, 2, 3] }, spent + opening.length)[0]).toHaveLength(5)
    expect(begins({ history: [1, 2, 3] }, spent + opening.length - 1)).toEqual([
      ['three', 'four', 'now?'],
      [before, { ...before, from: 2, to: 2, why: 'no-question' }],
    ])
    expect(begins({ history: [1, 2, 3], facts }, 1000)[0]).toEqual([
      factsBlock(facts).content,
      'two',
      'three',
      'four',
      'now?',
    ])
    // An answer that a summary tells of is not missed.
    const told = { history: [1, 3], summaries: [summary(9, 9, 'x')] }
    expect(begins(told)[0]).toEqual([summaryBlock(told.summaries).content, 'two', 'four', 'now?'])
    expect(begins({ history: [0, 1] }, spent)[0]).toEqual(['one', 'two', 'now?'])
    expect(begins({ history: [1] }, spent, { system: 'Be' })[0]).toEqual(['Be', 'now?'])
    const report = built({ history: [1] }, chat, {}, { maxTokens: spent }).report
    expect([report.kept.history, report.dropped]).toEqual([
      [5],
      [before, { ...before, from: 2, to: 2, why: 'no-question' }, { ...before, from: 3, to: 4, messages: 2 }],
    ])
  })
})

describe('what is left out', () => {
  it('is told in ranges, each for one reason', () => {
    const entries = Array.from({ length: 12 }, (_, n) =>
      said(n % 2 === 0 ? 'user' : 'assistant', `m${n + 1}`),
    )
    const dropped = (history: number[], covered: [number, number][] = []) =>
      built({ history, summaries: covered.map(([from, to]) => summary(from, to, 'x')) }, entries).report
        .dropped
    const range = (from: number, to: number, why = 'outside-window') => ({
      from,
      to,
      messages: to - from + 1,
      why,
    })
    // The latest question is the one before the last message.
    expect(dropped([0, 4, 11])).toEqual([range(2, 4), range(6, 10)])
    expect(dropped([11])).toEqual([range(1, 10)])
    const parts = [range(1, 2, 'summarized'), range(3, 4), range(5, 6, 'summarized'), range(7, 10)]
    expect(
      dropped(
        [11],
        [
          [1, 2],
          [5, 6],
        ],
      ),
    ).toEqual(parts)
  })

  it('includes what was not read at all', () => {
    const seqs = [1, 2, 3, 5, 8, 9, 10, 11]
    const messages = log(
      said('user', 'a', { seq: 3 }),
      said('user', 'b', { seq: 9 }),
      said('user', 'now?', { seq: 11 }),
    )
    const strategy = { name: 'given', choose: () => ({ history: [1], summaries: [summary(1, 2, 'x')] }) }
    const { report } = buildContext(
      { messages, partial: { from: 9, leadingTo: 0, seqs } },
      { maxTokens: 1000, strategy, countTokens: countLetters },
    )
    expect(report.dropped).toEqual([
      { from: 1, to: 2, messages: 2, why: 'summarized' },
      { from: 3, to: 8, messages: 3, why: 'outside-window' },
      { from: 10, to: 10, messages: 1, why: 'outside-window' },
    ])
  })

  it('may come after all that was read', () => {
    const messages = log(said('user', 'now?', { seq: 2 }))
    const strategy = { name: 'given', choose: () => ({}) }
    const partial = { from: 2, leadingTo: 0, seqs: [1, 2, 3, 4] }
    const { report } = buildContext(
      { messages, partial },
      { maxTokens: 100, strategy, countTokens: countLetters },
    )
    expect(report.dropped.map(({ from, to, messages: count }) => [from, to, count])).toEqual([
      [1, 1, 1],
      [3, 4, 2],
    ])
  })
})

describe('messages of one role in a row', () => {
  const placed = (role: string, content: unknown, more: object = {}, isOurs = false) => ({
    message: { role, content, tokens: 2, part: 'history', ...more } as never,
    isOurs,
  })
  const join = (alternate: boolean, ...all: ReturnType<typeof placed>[]) => {
    const repairs: { seq: number; why: string }[] = []
    return [joined(all, alternate, repairs as never), repairs] as const
  }

  it('are joined where one is a block, or where the caller asks for it', () => {
    const one = placed('user', 'one', { seq: 1, name: 'Ada' })
    const two = placed('user', [text('two')], { seq: 2, part: 'query' })
    const block = placed('user', 'block', { part: 'recall' }, true)
    expect(join(false, one, two)).toEqual([[one.message, two.message], []])
    expect(join(true, one, two)).toEqual([
      [
        {
          role: 'user',
          content: [text('(Ada)'), text('one'), text('two')],
          tokens: 4,
          part: 'query',
          seq: 2,
        },
      ],
      [{ seq: 2, why: 'joined' }],
    ])
    expect(join(false, block, one, two)[0]).toEqual([
      {
        role: 'user',
        content: [text('block'), text('one')],
        tokens: 4,
        part: 'history',
        seq: 1,
        name: 'Ada',
      },
      two.message,
    ])
    expect(join(false, one, block)[0]).toEqual([
      {
        role: 'user',
        content: [text('one'), text('block')],
        tokens: 4,
        part: 'history',
        seq: 1,
        name: 'Ada',
      },
    ])
    expect(join(false, block, block, two)).toEqual([
      [{ role: 'user', content: ['block', 'block', 'two'].map(text), tokens: 6, part: 'query', seq: 2 }],
      [],
    ])
    const ours = placed('user', 'more', { part: 'facts' }, true)
    expect(join(false, block, ours)[0]).toMatchObject([{ part: 'recall' }])
  })

  it('stay apart in other roles, and as instructions', () => {
    const all = [
      placed('system', 'a', {}, true),
      placed('system', 'b', {}, true),
      placed('user', 'c'),
      placed('assistant', 'd'),
    ]
    expect(join(true, ...all)).toEqual([all.map(({ message }) => message), []])
  })

  it('say who speaks when their names differ, in plain letters', () => {
    const named = (content: string, name?: string, seq?: number) =>
      placed('user', content, {
        ...(name === undefined ? {} : { name }),
        ...(seq === undefined ? {} : { seq }),
      })
    const [same] = join(true, named('a', 'Ada', 1), named('b', 'Ada', 2))
    expect(same).toEqual([
      { role: 'user', content: ['a', 'b'].map(text), tokens: 4, part: 'history', seq: 1, name: 'Ada' },
    ])
    const [others, repairs] = join(true, named('a'), named('b', 'Bob): (and a long name'), named('c'))
    expect(others[0]!.content).toEqual(['a', '(Bob    and a lon)', 'b', 'c'].map(text))
    expect('name' in others[0]!).toBe(false)
    expect(repairs.map(({ seq }) => seq)).toEqual([0, 0])
    expect(join(true, named('a', 'A', 4), named('b', 'A'))[1]).toEqual([{ seq: 4, why: 'joined' }])
  })
})
