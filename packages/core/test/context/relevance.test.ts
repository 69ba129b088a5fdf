import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildContext } from '../../src/context/build-context.js'
import { embedMessages } from '../../src/context/embed.js'
import { relevance } from '../../src/context/relevance.js'
import { createRelevanceIndex } from '../../src/context/relevance-index.js'
import { textOf } from '../../src/domain/message.js'
import { call, log, realHistory, result, text } from './histories.js'

const smallTalk = Array.from({ length: 40 }, (_, index) => [
  ['user', `Nice weather today, number ${index}`] as const,
  ['assistant', `Indeed, the sun is out, number ${index}`] as const,
]).flat()
const messages = log(
  ['user', 'I am looking for a phone'],
  ['assistant', 'Which brands do you like?'],
  ['user', 'My old Nokia broke last week'],
  ['assistant', 'Sorry to hear that'],
  ...smallTalk,
  ['user', 'So, anything else?'],
)
const seqs = messages.map((message) => message.seq)

describe('relevance', () => {
  it('quotes what has to do with the query, with its surroundings, before the latest user message', () => {
    const built = buildContext(
      { messages, query: 'Which phones broke?' },
      { maxTokens: 120, strategy: relevance() },
    )
    expect(built.report.kept.recall).toEqual(expect.arrayContaining([1, 2, 3]))
    const latest = built.messages.at(-1)
    expect(latest).toMatchObject({
      role: 'user',
      part: 'query',
      content: [
        text(expect.stringContaining('(2026-01-01)\nuser: I am looking for a phone\n') as string),
        text('So, anything else?'),
      ],
    })
    expect(built.tokens).toBeLessThanOrEqual(120)
  })

  it('finds what tools answered, and quotes it in words', () => {
    const withTool = log(
      ['user', 'Where is my parcel?'],
      ['assistant', [call('a')]],
      ['tool', [result('a', 'held at customs in Rotterdam')]],
      ...smallTalk,
      ['user', 'And now?'],
    )
    const built = buildContext(
      { messages: withTool, query: 'customs Rotterdam' },
      { maxTokens: 100, strategy: relevance() },
    )
    expect(built.report.kept.recall).toEqual(expect.arrayContaining([2, 3]))
    expect(textOf(built.messages.at(-1)!)).toContain('tool: "held at customs in Rotterdam"')
  })

  it('quotes nothing when nothing fits the query well enough', () => {
    const strategy = relevance({ minShare: 0.9 })
    const built = buildContext(
      { messages, query: 'phone insurance paperwork brand' },
      { maxTokens: 120, strategy },
    )
    expect(built.report.kept.recall).toEqual([])
  })

  it('is quiet unasked, unless the user names what only an earlier message tells', () => {
    const turn = (said: string) => {
      const talk = log(...messages.slice(0, -1).map(({ role, content }) => [role, content] as const), [
        'user',
        said,
      ])
      return buildContext({ messages: talk }, { maxTokens: 400 }).report.kept.recall
    }
    expect(turn('What did I say about the Nokia that broke?')).toContain(3)
    expect(turn('Nice weather today, number 77')).toEqual([])
    expect(turn('So, anything else?')).toEqual([])
  })
})

describe('several questions at once', () => {
  it('quote the answer to each', () => {
    const said = log(
      ['user', 'The code of my locker at the station is 48213, and I always forget it.'],
      ['assistant', 'Noted.'],
      ...smallTalk,
      ['user', 'My dog is called Bruno.'],
      ['assistant', 'A fine name.'],
      ...smallTalk,
      ...smallTalk,
      ['user', 'What was the code of my locker, and what is my dog called?'],
    )
    for (const maxTokens of [1000, 2000]) {
      const shown = buildContext({ messages: said }, { maxTokens })
        .messages.map((each) => textOf(each))
        .join()
      expect(shown).toContain('48213')
      expect(shown).toContain('Bruno')
    }
  })
})

describe('createRelevanceIndex', () => {
  it('answers the same when it grew message by message as when it was made at once', () => {
    fc.assert(
      fc.property(realHistory, fc.constantFrom('q a', 'found', 'hm b'), (history, text) => {
        const grown = createRelevanceIndex()
        for (const [place] of history.entries()) {
          grown.add(history.slice(0, place + 1))
          grown.rank({ text: 'anything', seqs: [1] })
        }
        const fresh = createRelevanceIndex()
        fresh.add(history)
        const path = history.map((message) => message.seq)
        expect(grown.rank({ text, seqs: path })).toEqual(fresh.rank({ text, seqs: path }))
        expect(grown.size).toBe(history.length)
      }),
      { numRuns: 50 },
    )
  })

  it('counts more what the named speaker says', () => {
    const talk = log(['user', 'Maria: I went to the lake'], ['user', 'John: I went to the lake'])
    const index = createRelevanceIndex()
    index.add(talk)
    const { scores } = index.rank({ text: 'Did John go to the lake?', seqs: [1, 2] })
    expect(scores[1]).toBeGreaterThan(scores[0]! * 1.5)
  })

  it('counts more what was said on the day the query names', () => {
    const talk = log(
      ['user', 'We cooked pasta', { at: Date.UTC(2023, 4, 3) }],
      ...smallTalk.slice(0, 8),
      ['user', 'We cooked pasta', { at: Date.UTC(2023, 10, 9) }],
      ...smallTalk.slice(0, 8),
    )
    const index = createRelevanceIndex()
    index.add(talk)
    const path = talk.map((message) => message.seq)
    const { scores } = index.rank({ text: 'What did we cook on 9 November 2023?', seqs: path })
    expect(scores[9]).toBeGreaterThan(scores[0]! * 1.5)
  })

  it('leaves out what is not on the path, as after a rewind', () => {
    const index = createRelevanceIndex()
    index.add(messages)
    const { scores } = index.rank({ text: 'Nokia', seqs: seqs.filter((seq) => seq !== 3) })
    expect(scores.length).toBe(messages.length - 1)
    expect(Math.max(...scores)).toBe(0)
  })

  it('finds by vectors what no word tells', () => {
    const index = createRelevanceIndex()
    index.add(messages)
    expect(index.withoutVector()).toEqual(seqs)
    for (const { seq } of messages) index.setVector(seq, seq === 50 ? [0, 1] : [1, 0])
    expect(index.withoutVector()).toEqual([])
    const { scores } = index.rank({ text: 'zzz', vector: [0.1, 2], seqs })
    expect(scores.indexOf(Math.max(...scores))).toBe(49)
    const built = buildContext(
      { messages, query: 'zzz', queryVector: [0, 1], index },
      { maxTokens: 100, strategy: relevance() },
    )
    expect(built.report.kept.recall).toContain(50)
  })

  it('reads text without spaces', () => {
    const index = createRelevanceIndex()
    index.add(log(['user', '我想买一部新手机'], ['assistant', '今天天气很好']))
    const { shares } = index.rank({ text: '手机', seqs: [1, 2] })
    expect([...shares]).toEqual([1, 0])
  })
})

describe('embedMessages', () => {
  const embed = (texts: readonly string[]) =>
    Promise.resolve(texts.map((text) => (text.includes('Nokia') ? [0, 1] : [1, 0])))

  it('embeds each message once, and not those that carry their vector', async () => {
    const index = createRelevanceIndex()
    const carried = { ...messages[0]!, metadata: { embedding: [0, 1] } }
    const made = await embedMessages(index, [carried, ...messages.slice(1)], embed)
    expect(made.map(({ seq }) => seq)).toEqual(seqs.slice(1))
    expect(made.find(({ seq }) => seq === 3)).toEqual({ seq: 3, vector: [0, 1] })
    expect(await embedMessages(index, messages, embed)).toEqual([])
    const { scores } = index.rank({ text: 'zzz', vector: [0, 1], seqs })
    expect(scores[0]).toBeGreaterThan(0)
    expect(scores[2]).toBeGreaterThan(scores[20]!)
  })

  it('leaves the index to words when the model fails', async () => {
    const index = createRelevanceIndex()
    await expect(embedMessages(index, messages, () => Promise.reject(new Error('down')))).rejects.toThrow(
      'down',
    )
    expect(index.withoutVector()).toEqual(seqs)
    expect(index.rank({ text: 'Nokia', seqs }).scores[2]).toBeGreaterThan(0)
  })
  it.each<[string, (texts: readonly string[]) => unknown]>([
    ['no list', () => 'vectors'],
    ['nothing', () => undefined],
    ['too few vectors', (texts) => texts.slice(1).map(() => [1, 0])],
    ['too many vectors', (texts) => [...texts, ''].map(() => [1, 0])],
    ['no numbers', (texts) => texts.map(() => [Number.NaN, 1])],
    ['numbers without end', (texts) => texts.map(() => [1, Number.POSITIVE_INFINITY])],
    ['empty vectors', (texts) => texts.map(() => [])],
    ['texts', (texts) => texts],
    ['bytes of no numbers', (texts) => texts.map(() => new DataView(new ArrayBuffer(8)))],
    ['vectors of several lengths', (texts) => texts.map((_, index) => Array(index + 1).fill(1))],
  ])('leaves the index to words when the model gives %s', async (_, gives) => {
    const index = createRelevanceIndex()
    const garbled = async (texts: readonly string[]) => gives(texts) as number[][]
    await expect(embedMessages(index, messages, garbled)).rejects.toThrow(/^embed /)
    expect(index.withoutVector()).toEqual(seqs)
  })

  it('takes vectors as models in the process give them', async () => {
    const index = createRelevanceIndex()
    const floats = async (texts: readonly string[]) => texts.map(() => new Float32Array([1, 0]) as never)
    expect(await embedMessages(index, messages, floats)).toHaveLength(messages.length)
  })
})
