import { type ModelMessage, stepCountIs, streamText, tool } from 'ai'
import { convertArrayToReadableStream, MockLanguageModelV3 } from 'ai/test'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { MessageInput, MessagePart } from '../../src/index.js'
import { opened } from './turns.js'

const usage = {
  inputTokens: { total: 100, noCache: 60, cacheRead: 30, cacheWrite: 10 },
  outputTokens: { total: 20, text: 15, reasoning: 5 },
}

type Step =
  Awaited<ReturnType<MockLanguageModelV3['doStream']>> extends { stream: ReadableStream<infer Part> }
    ? Part[]
    : never

/** A model of the AI SDK that answers with these steps, one after another. */
function model(...steps: Step[]): MockLanguageModelV3 {
  const streams = steps.map((parts) => ({
    stream: convertArrayToReadableStream([
      { type: 'stream-start' as const, warnings: [] },
      { type: 'response-metadata' as const, id: 'r', modelId: 'mock-1', timestamp: new Date(0) },
      ...parts,
    ]),
  }))
  return new MockLanguageModelV3({ doStream: async () => streams.shift()! })
}

const finish = (unified: 'stop' | 'length' | 'tool-calls') => ({
  type: 'finish' as const,
  finishReason: { unified, raw: unified },
  usage,
})

const search = tool({
  inputSchema: z.object({ q: z.string() }),
  execute: async ({ q }) => ({ found: q, score: undefined }),
})

describe('the AI SDK', () => {
  it('streams into a turn as it is: its parts, its tools, why it stopped, what it used', async () => {
    const session = await opened()
    const answering = model(
      [
        { type: 'reasoning-start', id: '0', providerMetadata: { anthropic: {} } },
        { type: 'reasoning-delta', id: '0', delta: 'Let me ' },
        { type: 'reasoning-delta', id: '0', delta: 'look.' },
        { type: 'reasoning-end', id: '0', providerMetadata: { anthropic: { signature: 'sig' } } },
        { type: 'text-start', id: '1' },
        { type: 'text-delta', id: '1', delta: 'Looking' },
        { type: 'text-end', id: '1' },
        { type: 'tool-call', toolCallId: 'search:0', toolName: 'search', input: '{"q":"a"}' },
        finish('tool-calls'),
      ],
      [
        { type: 'tool-call', toolCallId: 'search:0', toolName: 'search', input: '{"q":"b"}' },
        finish('tool-calls'),
      ],
      [
        { type: 'source', sourceType: 'url', id: 's1', url: 'https://a.test' },
        { type: 'file', mediaType: 'image/png', data: 'AAAA' },
        { type: 'text-start', id: '1' },
        { type: 'text-delta', id: '1', delta: 'Found ' },
        { type: 'text-delta', id: '1', delta: 'it' },
        { type: 'text-end', id: '1' },
        finish('length'),
      ],
    )
    const result = await session.turn('?', () =>
      streamText({ model: answering, prompt: '?', tools: { search }, stopWhen: stepCountIs(5) }),
    ).result
    expect(result.cause).toBeUndefined()
    expect(result).toMatchObject({
      status: 'completed',
      text: 'Found it',
      finishReason: 'length',
      usage: {
        inputTokens: 300,
        outputTokens: 60,
        cachedInputTokens: 90,
        cacheWriteTokens: 30,
        reasoningTokens: 15,
        model: 'mock-1',
      },
    })
    expect(result.replies.map(({ role, content }) => [role, content])).toEqual([
      [
        'assistant',
        [
          {
            type: 'reasoning',
            id: '0',
            text: 'Let me look.',
            providerMetadata: { anthropic: { signature: 'sig' } },
          },
          { type: 'text', id: '1', text: 'Looking' },
          expect.objectContaining({ type: 'tool-call', toolCallId: 'search:0', input: { q: 'a' } }),
        ],
      ],
      ['tool', [expect.objectContaining({ toolCallId: 'search:0', output: { found: 'a' } })]],
      ['assistant', [expect.objectContaining({ toolCallId: 'search:0-2', input: { q: 'b' } })]],
      ['tool', [expect.objectContaining({ toolCallId: 'search:0-2', output: { found: 'b' } })]],
      [
        'assistant',
        [
          { type: 'file', mediaType: 'image/png', data: 'AAAA' },
          { type: 'text', id: expect.any(String), text: 'Found it' },
        ],
      ],
    ])
    expect(result.reply.metadata).toMatchObject({ sources: [{ url: 'https://a.test' }] })
  })

  it('tells of a failure, of which the caller hears nothing and the operator all', async () => {
    const warnings: { cause?: unknown }[] = []
    const session = await opened({ onWarning: (warning) => warnings.push(warning) })
    const failing = new MockLanguageModelV3({ doStream: () => Promise.reject(new Error('secret')) })
    const { status, error, cause } = await session.turn('?', () =>
      streamText({ model: failing, prompt: '?', maxRetries: 0, onError: () => {} }),
    ).result
    expect({ status, error }).toEqual({ status: 'failed', error: 'The model failed.' })
    expect((cause as Error).cause).toMatchObject({ message: 'secret' })
    expect(warnings).toMatchObject([{ code: 'respond_failed', cause: { cause: { message: 'secret' } } }])
  })

  it('gives messages that can be appended as they are, and asked with once more', async () => {
    const session = await opened()
    await session.append({ role: 'user', content: '?' })
    const { response } = streamText({
      model: model(
        [
          { type: 'tool-call', toolCallId: 'c', toolName: 'search', input: '{"q":"a"}' },
          finish('tool-calls'),
        ],
        [
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: 'Found it' },
          { type: 'text-end', id: '1' },
          finish('stop'),
        ],
      ),
      prompt: '?',
      tools: { search },
      stopWhen: stepCountIs(5),
    })
    await session.append((await response).messages as MessageInput[])
    const { messages } = await session.context({ maxTokens: 8000 })
    const next = streamText({
      model: model([
        { type: 'text-start', id: '1' },
        { type: 'text-delta', id: '1', delta: 'Yes' },
        { type: 'text-end', id: '1' },
        finish('stop'),
      ]),
      messages: messages.map(({ role, content }) => ({ role, content })) as ModelMessage[],
    })
    expect(await next.text).toBe('Yes')
  })

  const broken = [
    { type: 'tool-call' as const, toolCallId: 'n', toolName: 'nothing', input: '{}' },
    { type: 'tool-call' as const, toolCallId: 'w', toolName: 'search', input: '{"q":1}' },
    { type: 'text-start' as const, id: '1' },
    { type: 'text-delta' as const, id: '1', delta: 'And this.' },
    { type: 'text-end' as const, id: '1' },
  ]
  const good = { type: 'tool-call' as const, toolCallId: 'g', toolName: 'search', input: '{"q":"a"}' }

  it.each([
    ['fullStream', (answer: { fullStream: AsyncIterable<object> }) => answer.fullStream],
    [
      'a stream of UI messages',
      (answer: { toUIMessageStream: () => AsyncIterable<object> }) => answer.toUIMessageStream(),
    ],
  ])('ends no step in its middle for calls that cannot run: %s', async (_, streamOf) => {
    const session = await opened()
    const answering = model([...broken, good, finish('tool-calls')], [])
    const { result } = session.turn('Hi', () =>
      streamOf(streamText({ model: answering, prompt: 'Hi', tools: { search }, onError: () => {} })),
    )
    const { replies } = await result
    expect(replies.map(({ role, content }) => [role, idsOf(content)])).toEqual([
      ['assistant', ['n', 'w', undefined, 'g']],
      ['tool', ['n', 'w', 'g']],
      ['assistant', []],
    ])
    expect((replies[1]!.content as MessagePart[]).map(({ isError }) => isError)).toEqual([
      true,
      true,
      undefined,
    ])
  })

  it('keeps what cannot run of an answer that breaks off', async () => {
    const session = await opened({ onWarning: () => {} })
    const { result } = session.turn('Hi', async function* () {
      const answer = streamText({ model: model(broken), prompt: 'Hi', tools: { search }, onError: () => {} })
      for await (const part of answer.fullStream) {
        yield part
        if (part.type === 'text-end') throw new Error('broken')
      }
    })
    const { status, replies } = await result
    expect(status).toBe('failed')
    expect(replies.flatMap(({ role, content }) => (role === 'tool' ? idsOf(content) : []))).toEqual([
      'n',
      'w',
    ])
  })

  it('keeps why an answer ended, and its metadata, of a stream of UI messages', async () => {
    const session = await opened()
    const { result } = session.turn('Hi', () =>
      streamText({
        model: model([good, finish('tool-calls')], [finish('length')]),
        prompt: 'Hi',
        tools: { search },
        stopWhen: stepCountIs(2),
      }).toUIMessageStream({
        messageMetadata: ({ part }) =>
          part.type.endsWith('t') || part.type === 'finish' ? { at: part.type } : undefined,
      }),
    )
    const { finishReason, replies } = await result
    expect(finishReason).toBe('length')
    const parts = replies.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    expect(parts.flatMap(({ chunk }) => (chunk === undefined ? [] : [chunk]))).toEqual(
      ['start', 'tool-result', 'finish'].map((at) => ({ type: 'message-metadata', messageMetadata: { at } })),
    )
  })
})

function idsOf(content: MessageInput['content']): unknown[] {
  return typeof content === 'string' ? [] : content.map(({ toolCallId }) => toolCallId)
}
