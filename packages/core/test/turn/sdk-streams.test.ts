import Anthropic from '@anthropic-ai/sdk'
import { type ModelMessage, streamText, stepCountIs, tool } from 'ai'
import { convertArrayToReadableStream, MockLanguageModelV3 } from 'ai/test'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { MessageInput, Session } from '../../src/index.js'
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
})

/** An answer of a provider's server, as its SDK reads it. */
const served =
  (events: readonly object[], { isNamed }: { isNamed: boolean }) =>
  async () => {
    const lines = events.map((event) => {
      const name = isNamed ? `event: ${(event as { type: string }).type}\n` : ''
      return `${name}data: ${JSON.stringify(event)}\n\n`
    })
    const end = isNamed ? [] : ['data: [DONE]\n\n']
    return new Response([...lines, ...end].join(''), { headers: { 'content-type': 'text/event-stream' } })
  }

const outcome = async (session: Session, respond: Parameters<Session['turn']>[1], options = {}) => {
  const result = await session.turn('?', respond, options).result
  expect(result.cause).toBeUndefined()
  const { replies, usage: used, finishReason } = result
  return { content: replies.map((reply) => reply.content), used, finishReason }
}

describe('Anthropic', () => {
  it('streams into a turn as it is', async () => {
    const events = [
      {
        type: 'message_start',
        message: {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'claude',
          content: [],
          usage: {
            input_tokens: 10,
            cache_read_input_tokens: 30,
            cache_creation_input_tokens: 5,
            output_tokens: 1,
          },
        },
      },
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'thinking', thinking: '', signature: '' },
      },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Let me ' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'see' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'sig' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'xyz' } },
      { type: 'content_block_stop', index: 1 },
      { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '', citations: null } },
      { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 2 },
      {
        type: 'content_block_start',
        index: 3,
        content_block: { type: 'tool_use', id: 't', name: 'add', input: {} },
      },
      { type: 'content_block_delta', index: 3, delta: { type: 'input_json_delta', partial_json: '{"sku"' } },
      { type: 'content_block_delta', index: 3, delta: { type: 'input_json_delta', partial_json: ':"A"}' } },
      { type: 'content_block_stop', index: 3 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'max_tokens', stop_sequence: null },
        usage: { output_tokens: 42 },
      },
      { type: 'message_stop' },
    ]
    const client = new Anthropic({ apiKey: 'k', fetch: served(events, { isNamed: true }) })
    const ask = () =>
      client.messages.create({
        model: 'claude',
        max_tokens: 9,
        stream: true,
        messages: [{ role: 'user', content: '?' }],
      })
    expect(await outcome(await opened(), ask)).toEqual({
      content: [
        [
          { type: 'reasoning', text: 'Let me see', signature: 'sig' },
          { type: 'reasoning', text: '', data: 'xyz' },
          { type: 'text', text: 'Hello' },
          { type: 'tool-call', toolCallId: 't', toolName: 'add', input: { sku: 'A' } },
        ],
      ],
      used: {
        inputTokens: 45,
        outputTokens: 42,
        costMicros: 0,
        cachedInputTokens: 30,
        cacheWriteTokens: 5,
        model: 'claude',
        provider: 'anthropic',
      },
      finishReason: 'length',
    })
  })
})

describe('OpenAI', () => {
  it('streams chat completions into a turn as they are', async () => {
    const chunk = (delta: object, more: object = {}) => ({
      id: 'x',
      object: 'chat.completion.chunk',
      model: 'gpt',
      choices: [{ index: 0, delta, finish_reason: null, ...more }],
    })
    const events = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({
        tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'add', arguments: '' } }],
      }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"sku":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"A"}' } }] }),
      chunk({}, { finish_reason: 'tool_calls' }),
      {
        id: 'x',
        object: 'chat.completion.chunk',
        model: 'gpt',
        choices: [],
        usage: {
          prompt_tokens: 10,
          completion_tokens: 7,
          prompt_tokens_details: { cached_tokens: 4 },
          completion_tokens_details: { reasoning_tokens: 2 },
        },
      },
    ]
    const client = new OpenAI({ apiKey: 'k', fetch: served(events, { isNamed: false }) })
    const ask = () =>
      client.chat.completions.create({
        model: 'gpt',
        stream: true,
        messages: [{ role: 'user', content: '?' }],
      })
    expect(await outcome(await opened(), ask)).toEqual({
      content: [
        [
          { type: 'text', text: 'Hello' },
          { type: 'tool-call', toolCallId: 't', toolName: 'add', input: { sku: 'A' } },
        ],
      ],
      used: {
        inputTokens: 10,
        outputTokens: 7,
        costMicros: 0,
        cachedInputTokens: 4,
        reasoningTokens: 2,
        model: 'gpt',
      },
      finishReason: 'tool-calls',
    })
  })

  it('streams responses into a turn as they are', async () => {
    const reasoning = {
      id: 'rs_1',
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'Hm' }],
      encrypted_content: 'enc',
    }
    const called = {
      id: 'fc_1',
      type: 'function_call',
      call_id: 't',
      name: 'add',
      arguments: '{"sku":"A"}',
      status: 'completed',
    }
    const events = [
      { type: 'response.created', response: { id: 'r', object: 'response', status: 'in_progress' } },
      {
        type: 'response.reasoning_summary_text.delta',
        item_id: 'rs_1',
        output_index: 0,
        summary_index: 0,
        delta: 'Hm',
      },
      { type: 'response.output_item.done', output_index: 0, item: reasoning },
      {
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 1,
        content_index: 0,
        delta: 'Hello',
      },
      {
        type: 'response.output_item.done',
        output_index: 1,
        item: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
        },
      },
      { type: 'response.output_item.done', output_index: 2, item: called },
      {
        type: 'response.completed',
        response: {
          id: 'r',
          object: 'response',
          status: 'completed',
          model: 'gpt',
          output: [],
          usage: {
            input_tokens: 9,
            output_tokens: 5,
            input_tokens_details: { cached_tokens: 3 },
            output_tokens_details: { reasoning_tokens: 1 },
          },
        },
      },
    ]
    const client = new OpenAI({ apiKey: 'k', fetch: served(events, { isNamed: true }) })
    const ask = () => client.responses.create({ model: 'gpt', stream: true, input: '?' })
    expect(await outcome(await opened(), ask)).toEqual({
      content: [
        [
          { type: 'reasoning', id: 'rs_1', text: 'Hm', summary: reasoning.summary, encrypted_content: 'enc' },
          { type: 'text', text: 'Hello' },
          {
            type: 'tool-call',
            id: 'fc_1',
            status: 'completed',
            toolCallId: 't',
            toolName: 'add',
            input: { sku: 'A' },
          },
        ],
      ],
      used: {
        inputTokens: 9,
        outputTokens: 5,
        costMicros: 0,
        cachedInputTokens: 3,
        reasoningTokens: 1,
        model: 'gpt',
        provider: 'openai',
      },
      finishReason: 'stop',
    })
  })
})

describe('Gemini', () => {
  it('streams into a turn as it is', async () => {
    const chunks = [
      {
        candidates: [{ content: { role: 'model', parts: [{ text: 'Hm', thought: true }] } }],
        usageMetadata: { promptTokenCount: 8 },
      },
      { candidates: [{ content: { role: 'model', parts: [{ text: 'Hel' }] } }] },
      { candidates: [{ content: { role: 'model', parts: [{ text: 'lo', thoughtSignature: 'sig' }] } }] },
      {
        candidates: [
          {
            content: {
              role: 'model',
              parts: [{ functionCall: { name: 'add', args: { sku: 'A' } }, thoughtSignature: 'c' }],
            },
            finishReason: 'MAX_TOKENS',
          },
        ],
        usageMetadata: {
          promptTokenCount: 8,
          candidatesTokenCount: 4,
          thoughtsTokenCount: 2,
          cachedContentTokenCount: 3,
        },
        modelVersion: 'gemini',
      },
    ]
    const ask = async function* () {
      yield* chunks
    }
    expect(await outcome(await opened(), ask)).toEqual({
      content: [
        [
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: 'Hello', thoughtSignature: 'sig' },
          {
            type: 'tool-call',
            toolCallId: 'add',
            toolName: 'add',
            input: { sku: 'A' },
            thoughtSignature: 'c',
          },
        ],
      ],
      used: {
        inputTokens: 8,
        outputTokens: 6,
        costMicros: 0,
        cachedInputTokens: 3,
        reasoningTokens: 2,
        model: 'gemini',
        provider: 'google',
      },
      finishReason: 'length',
    })
  })
})
