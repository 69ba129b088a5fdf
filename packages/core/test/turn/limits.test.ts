import { describe, expect, it } from 'vitest'
import type { MessagePart, TurnPart } from '../../src/index.js'
import { all, lines, opened } from './turns.js'

const call = (toolCallId: string, input: object = {}): TurnPart => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'fetch',
  input: input as never,
})

const partsOf = (messages: readonly { content: string | readonly MessagePart[] }[]) =>
  messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))

describe('what is long', () => {
  it('is kept whole as long as agents make it: results of 200 KB, several in one step', async () => {
    const session = await opened()
    const page = 'p'.repeat(200_000)
    const result = await session.turn(
      '?',
      ({ steps }) => (steps.length === 0 ? [1, 2, 3, 4].map((n) => call(`c${n}`)) : 'Done'),
      { tools: { fetch: { execute: () => page } } },
    ).result
    expect(result).toMatchObject({ status: 'completed', text: 'Done' })
    const results = partsOf(result.replies).filter(({ type }) => type === 'tool-result')
    expect(results.map(({ output }) => output === page)).toEqual([true, true, true, true])
    // More than one message may take, so they are several messages of one step.
    expect(result.replies.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'assistant'])
    const { messages, report } = await session.context({ maxTokens: 1_000_000 })
    // Some providers want the results of one step in one message.
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
    expect(partsOf(messages.slice(2, 3)).map(({ toolCallId }) => toolCallId)).toEqual([
      'c1',
      'c2',
      'c3',
      'c4',
    ])
    expect(report.repairs.filter(({ why }) => why !== 'shortened-result')).toEqual([
      { seq: 4, why: 'joined' },
    ])
  })

  it.each([
    ['a text', 'x'.repeat(3_000_000)],
    ['rows', { rows: Array.from({ length: 90_000 }, (_, id) => ({ id: `${id} é😀"` })) }],
    ['an output of the AI SDK', { type: 'json', value: { page: 'x'.repeat(3_000_000) } }],
  ])('is shortened and marked where a tool gives back too much: %s; the model goes on', async (_, output) => {
    const session = await opened()
    let asked = 0
    const turn = session.turn('?', ({ steps }) => (asked++, steps.length === 0 ? call('c') : 'Done'), {
      tools: { fetch: { execute: () => output } },
    })
    const events = await all(turn)
    const result = await turn.result
    expect(result).toMatchObject({ status: 'completed', text: 'Done' })
    expect(asked).toBe(2)
    const [stored] = partsOf(result.replies).filter(({ type }) => type === 'tool-result')
    expect(stored).toMatchObject({ toolCallId: 'c', toolName: 'fetch', shortened: true })
    expect(JSON.stringify(stored)).toContain('more characters left out')
    expect(Buffer.byteLength(JSON.stringify(stored))).toBeLessThan(524_288)
    expect(Buffer.byteLength(JSON.stringify(stored))).toBeGreaterThan(200_000)
    expect(events.find(({ type }) => type === 'tool-result')).toMatchObject(stored!)
  })

  it('goes on in a further message where it is an answer, and the tool of a long call gets all of it', async () => {
    const session = await opened()
    const text = 'wörd "😀" \n'.repeat(120_000)
    const input = { text: 'i'.repeat(600_000) }
    let got = 0
    const result = await session.turn(
      '?',
      async function* ({ steps }) {
        if (steps.length === 0) return yield call('c', input)
        for (let at = 0; at < text.length; at += 10_007) yield text.slice(at, at + 10_007)
      },
      { tools: { fetch: { execute: ({ text: given }: { text: string }) => (got = given.length) } } },
    ).result
    expect(got).toBe(600_000)
    expect(result.status).toBe('completed')
    expect(result.text === text).toBe(true)
    for (const { content } of result.replies) {
      expect(Buffer.byteLength(JSON.stringify(content))).toBeLessThan(524_288)
    }
    expect(partsOf(result.replies)[0]).toMatchObject({ type: 'tool-call', shortened: true })
    expect((await session.turn('and?', () => 'Yes').result).status).toBe('completed')
  })

  it('is one part, however many deltas it comes in', async () => {
    const session = await opened()
    const { reply } = await session.turn('?', function* () {
      for (let n = 0; n < 1500; n++) {
        yield { type: 'reasoning', id: 'r', text: `think ${n} ` }
        yield { type: 'text', id: 't', text: `say ${n} ` }
      }
      yield { type: 'reasoning', id: 'r', text: '', providerMetadata: { anthropic: { signature: 's' } } }
    }).result
    const all = (word: string) => Array.from({ length: 1500 }, (_, n) => `${word} ${n} `).join('')
    expect(reply.content).toEqual([
      { type: 'reasoning', id: 'r', text: all('think'), providerMetadata: { anthropic: { signature: 's' } } },
      { type: 'text', id: 't', text: all('say') },
    ])
  })

  it('ends the turn when the whole answer is longer than any should be, and what was said is kept', async () => {
    const session = await opened({ onWarning: () => {} })
    const result = await session.turn('?', function* () {
      for (;;) yield 'x'.repeat(500_000)
    }).result
    expect(result).toMatchObject({ status: 'failed', code: 'too_large' })
    expect(result.text.length).toBeGreaterThan(10_000_000)
    expect((await session.turn('and?', () => 'Yes').result).status).toBe('completed')
  }, 120_000)
})

describe('what says nothing', () => {
  it.each(['', '   ', '\n\t', '\u200b', '\u2060\ufeff', '\u3164', [], [{ type: 'text', text: ' ' }]])(
    'is refused at the door, and no model is asked: %j',
    async (content) => {
      const session = await opened()
      const turn = session.turn({ content: content as string }, () => expect.fail('asked'))
      await expect(turn.result).rejects.toMatchObject({ code: 'invalid', path: 'message.content' })
      await expect(session.append({ role: 'user', content: content as string })).rejects.toMatchObject({
        code: 'invalid',
      })
      expect(await lines(session)).toEqual([])
    },
  )

  it('is not kept of an answer', async () => {
    const session = await opened()
    const { reply } = await session.turn('?', () => [
      { type: 'reasoning', text: '' },
      { type: 'reasoning', id: 'r', text: '' },
      { type: 'text', text: '' },
      { type: 'reasoning', text: '', signature: 'of something' },
      'Hi',
    ]).result
    expect(reply.content).toEqual([
      { type: 'reasoning', text: '', signature: 'of something' },
      { type: 'text', text: 'Hi' },
    ])
    await session.append({
      role: 'assistant',
      content: [
        { type: 'reasoning', text: '' },
        { type: 'text', text: 'Ho' },
      ],
    })
    expect((await session.history()).messages.at(-1)!.content).toEqual([{ type: 'text', text: 'Ho' }])
  })
})
