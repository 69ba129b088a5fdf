import { describe, expect, it } from 'vitest'
import type { Respond, TurnPart } from '../../src/index.js'
import { answered, call } from './dialects/answered.js'
import { opened } from './turns.js'

const usage = { input_tokens: 3, output_tokens: 2 }
const message = (content: object[], stop_reason: string) => ({
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content,
  stop_reason,
  usage,
})
const called = (id: string) => ({ type: 'tool_use', id, name: 'add', input: { a: 1 } })
const asking = message([{ type: 'text', text: 'Let me' }, called('c'), called('d')], 'tool_use')
const answering = message([{ type: 'text', text: 'Two' }], 'end_turn')
const found = [
  { type: 'tool_result', tool_use_id: 'c', content: '2' },
  { type: 'tool_result', tool_use_id: 'd', content: 'No', is_error: true },
]
const results = [
  { type: 'tool-result', toolCallId: 'c', output: '2' },
  { type: 'tool-result', toolCallId: 'd', output: 'No', isError: true },
]
const stored = [[{ type: 'text', text: 'Let me' }, call('c'), call('d')], results, 'Two']

/** As Anthropic's: a promise of its last answer, and an iterator of all of them. */
class ToolRunner {
  params = { messages: [{ role: 'user', content: [{ ...found[0]!, content: 'of before' }] }] as object[] }

  readonly answers: readonly object[]
  readonly toPiece: (answer: object) => object

  constructor(answers: readonly object[], toPiece: (answer: object) => object) {
    this.answers = answers
    this.toPiece = toPiece
  }

  async *[Symbol.asyncIterator]() {
    for (const answer of this.answers) {
      yield this.toPiece(answer)
      // As it is: a list of its own each time that it is read.
      this.params = { messages: [...this.params.messages, answer, { role: 'user', content: found }] }
    }
  }

  // eslint-disable-next-line unicorn/no-thenable
  then(resolve: (answer: object) => void): void {
    resolve(this.answers.at(-1)!)
  }
}

async function* streamed(answer: object) {
  yield answer
}

describe('a runner of tools', () => {
  it.each<[string, (answer: object) => object]>([
    ['whole answers', (answer) => answer],
    ['streams', streamed],
  ])('is read answer by answer, with the results that it keeps to itself: %s', async (_, toPiece) => {
    const session = await opened()
    const respond = (() => new ToolRunner([asking, answering], toPiece)) as unknown as Respond
    const { replies, usage: used } = await session.turn('Hi', respond).result
    expect(replies.map(({ content }) => content)).toEqual(stored)
    expect(used).toMatchObject({ inputTokens: 6, outputTokens: 4 })
  })

  it('that stops after its tools has told their results', async () => {
    const respond = (() => new ToolRunner([asking], (answer) => answer)) as unknown as Respond
    const { replies } = await (await opened()).turn('Hi', respond).result
    expect(replies.map(({ content }) => content)).toEqual([stored[0], results, ''])
  })

  it('of OpenAI has them among its messages', async () => {
    const chunk = (id: string, delta: object, finish_reason: string) => ({
      id,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason }],
    })
    const calls = [{ index: 0, id: 'c', function: { name: 'add', arguments: '{"a":1}' } }]
    const messages: object[] = [{ role: 'user', content: 'Hi' }]
    const runner = {
      messages,
      async *[Symbol.asyncIterator]() {
        yield chunk('x', { content: 'Let me', tool_calls: calls }, 'tool_calls')
        messages.push({ role: 'assistant' }, { role: 'tool', tool_call_id: 'c', content: '2' })
        yield chunk('y', { content: 'Two' }, 'stop')
      },
    }
    const { content } = await answered(runner)
    expect(content).toEqual([[{ type: 'text', text: 'Let me' }, call('c')], [results[0]], 'Two'])
  })

  it('of OpenAI may be within another respond', async () => {
    const chunk = (id: string, delta: object, finish_reason: string) => ({
      id,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason }],
    })
    const calls = [{ index: 0, id: 'c', function: { name: 'add', arguments: '{"a":1}' } }]
    const messages: object[] = [{ role: 'user', content: 'Hi' }]
    const runner = {
      messages,
      async *[Symbol.asyncIterator]() {
        yield chunk('x', { tool_calls: calls }, 'tool_calls')
        messages.push({ role: 'assistant' }, { role: 'tool', tool_call_id: 'c', content: '2' })
      },
    }
    const around: Respond = async function* () {
      yield runner
      yield { type: 'data-state', data: 'done' }
    }
    const { replies } = await (await opened()).turn('Hi', around).result
    expect(replies.map(({ content }) => content)).toEqual([
      [call('c')],
      results.slice(0, 1),
      [{ type: 'data-state', data: 'done' }],
    ])
  })

  it('gives no result of before to a call that has its id', async () => {
    const chunk = (delta: object, more: object = {}) => ({
      id: 'x',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, ...more }],
    })
    const calls = [{ index: 0, id: 'c', function: { name: 'add', arguments: '{"a":1}' } }]
    const runner = () => {
      const messages: object[] = []
      return {
        messages,
        async *[Symbol.asyncIterator]() {
          messages.push({ role: 'assistant' }, { role: 'tool', tool_call_id: 'c', content: 'of before' })
          yield chunk({ tool_calls: calls })
          yield chunk({}, { finish_reason: 'tool_calls' })
          yield { id: 'x', object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 1 } }
          messages.push({ role: 'assistant' }, { role: 'tool', tool_call_id: 'c', content: '2' })
        },
      }
    }
    const plain = (() => runner()) as unknown as Respond
    const around: Respond = async function* () {
      yield runner()
    }
    for (const respond of [plain, around]) {
      const { replies } = await (await opened()).turn('Hi', respond).result
      expect(replies.map(({ content }) => content)).toEqual([[call('c')], results.slice(0, 1), ''])
    }
  })

  it('that is a promise of its last answer, too, may be within another respond in a list', async () => {
    const runner = new ToolRunner([asking, answering], streamed)
    const around: Respond = async function* () {
      yield [runner]
    }
    const { replies } = await (await opened()).turn('Hi', around).result
    expect(replies.map(({ content }) => content)).toEqual(stored)
  })

  it('may be read by a generator, which tells of the results itself', async () => {
    const respond = async function* () {
      yield asking
      yield* found
      yield streamed(answering)
    }
    const { replies } = await (await opened()).turn('Hi', respond as () => AsyncIterable<TurnPart>).result
    expect(replies.map(({ content }) => content)).toEqual(stored)
  })
})
