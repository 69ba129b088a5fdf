import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { Session } from '../../src/index.js'
import { opened } from './turns.js'

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
          { type: 'text', id: 'msg_1', text: 'Hello' },
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
      finishReason: 'tool-calls',
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
