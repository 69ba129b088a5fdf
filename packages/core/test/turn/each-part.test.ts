import OpenAI from 'openai'
import { expect, it } from 'vitest'
import type { Respond, SessionWarning, TurnPart } from '../../src/index.js'
import { startGate } from '../service.js'
import { opened } from './turns.js'

const bytes = new TextEncoder().encode(
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hal' } }] })}\n\n`,
)

/** A server that says one word, and a client that says when its request was ended. */
function hanging(before: Promise<void> = Promise.resolve()) {
  const ended = startGate()
  const client = new OpenAI({
    apiKey: 'k',
    fetch: async (_, { signal } = {}) => {
      signal?.addEventListener('abort', () => ended.open())
      await before
      return new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes) }), {
        headers: { 'content-type': 'text/event-stream' },
      })
    },
  })
  const ask = () => client.chat.completions.create({ model: 'm', stream: true, messages: [] })
  return { ask, ended: ended.opened }
}

it('ends the request of a model when the turn is stopped, also without its signal', async () => {
  const session = await opened()
  const { ask, ended } = hanging()
  const turn = session.turn('Hi', ask)
  for await (const event of turn) if (event.type === 'text') void turn.cancel()
  expect(await turn.result).toMatchObject({ status: 'aborted', text: 'Hal' })
  await ended
})

it('ends the request of a model whose answer begins when the turn has ended', async () => {
  const session = await opened()
  const server = startGate()
  const asked = startGate()
  const { ask, ended } = hanging(server.opened)
  const turn = session.turn('Hi', () => {
    asked.open()
    return ask()
  })
  await asked.opened
  await turn.cancel()
  expect(await turn.result).toMatchObject({ status: 'aborted' })
  server.open()
  await ended
})

it('ends a stream that has a method for that', async () => {
  const session = await opened()
  const ended = startGate()
  const stream = {
    abort: () => ended.open(),
    async *[Symbol.asyncIterator]() {
      yield 'Hal'
      await ended.opened
    },
  }
  const turn = session.turn('Hi', () => stream)
  for await (const event of turn) if (event.type === 'text') void turn.cancel()
  await ended.opened
  expect(await turn.result).toMatchObject({ status: 'aborted', text: 'Hal' })
})

const textless = { type: 'text-delta', textDelta: 'secret' }

it.each([
  [{ event_name: 'step.delta', delta: 'secret' }],
  [[['secret', {}]]],
  [{ state: 'secret' }],
  [textless],
  [{ ...textless, type: 'reasoning-delta' }],
])('says what to give instead of what it does not know: %j', async (given) => {
  const warnings: SessionWarning[] = []
  const session = await opened({ onWarning: (warning) => warnings.push(warning) })
  const { status } = await session.turn('Hi', () => given as object as TurnPart).result
  expect(status).toBe('failed')
  const [{ message } = { message: '' }] = warnings
  expect(message).toContain("Give texts, parts such as { type: 'text', text }, or the stream of an SDK")
  expect(message).not.toContain('secret')
})

class Run {
  readonly state = 'secret'
  get rawResponses() {
    return []
  }
}

it.each([
  ['the result of a run', new Run()],
  ['a runner without a stream', { messages: ['secret'], finalChatCompletion: () => {} }],
  ['a result of several steps', { text: 'secret', steps: [], toolCalls: [], usage: {} }],
])('takes %s for no answer: it has not all of it', async (_, given) => {
  const warnings: SessionWarning[] = []
  const session = await opened({ onWarning: (warning) => warnings.push(warning) })
  const { status } = await session.turn('Hi', () => given as object as TurnPart).result
  expect(status).toBe('failed')
  const [{ message } = { message: '' }] = warnings
  expect(message).toContain('it is what an SDK gives of a run that it does not stream. Give')
  expect(message).not.toContain('secret')
})

it('takes a part with a list for a part', async () => {
  const session = await opened()
  const part = { type: 'data-x', stream: ['a'], fullStream: ['b'] }
  const { reply } = await session.turn('Hi', () => part as object as TurnPart).result
  expect(reply.content).toEqual([part])
})

async function* pieces(): AsyncGenerator<string> {
  yield 'Hel'
  yield 'lo'
}

it.each<[string, () => ReturnType<Respond>]>([
  ['a text', () => 'Hello'],
  ['a promise', () => Promise.resolve('Hello')],
  ['a part', () => ({ type: 'text', text: 'Hello' })],
  ['a list', () => ['Hel', { type: 'text', text: 'lo' }]],
  ['a generator', pieces],
  ['the stream of a result', () => ({ fullStream: pieces() })],
  ['a stream in a list', () => [pieces()]],
  ['a whole answer', () => ({ choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }] })],
])('gives %s of another respond, with what is around it', async (_, other: Respond) => {
  const session = await opened()
  const around: Respond = async function* (turn) {
    yield { type: 'data-state', data: 'begun' }
    yield await other(turn)
    yield { type: 'data-state', data: 'done' }
  }
  const { reply } = await session.turn('Hi', around).result
  const state = (data: string) => ({ type: 'data-state', data })
  expect(reply.content).toEqual([state('begun'), { type: 'text', text: 'Hello' }, state('done')])
})

it('keeps the texts of several answers apart, though each counts its own anew', async () => {
  const answer = (thought: string, text: string) => ({
    fullStream: (async function* () {
      yield { type: 'reasoning-start', id: '0' }
      yield { type: 'reasoning-delta', id: '0', text: thought }
      yield { type: 'reasoning-end', id: '0' }
      yield { type: 'text-start', id: '0' }
      for (const piece of text) yield { type: 'text-delta', id: '0', text: piece }
      yield { type: 'text-end', id: '0' }
    })(),
  })
  const both: Respond = async function* () {
    yield answer('Hm', 'One')
    yield { type: 'data-state', data: 'half' }
    yield answer('Well', 'Two')
  }
  const { reply } = await (await opened()).turn('Hi', both).result
  const content = reply.content as readonly { type: string; text?: string }[]
  expect(content.map(({ type, text }) => [type, text])).toEqual([
    ['reasoning', 'Hm'],
    ['text', 'One'],
    ['data-state', undefined],
    ['reasoning', 'Well'],
    ['text', 'Two'],
  ])
})

it('takes an event of a provider that has a list for no answer of its own', async () => {
  const session = await opened()
  const event = { choices: [{ delta: { content: 'Hello' } }], stream: ['never'] }
  expect(await session.turn('Hi', () => [event]).result).toMatchObject({ text: 'Hello' })
})
