import { describe, expect, it } from 'vitest'
import type { MessageInput, TurnPart } from '../../src/index.js'
import { alice, service } from '../service.js'
import { opened } from './turns.js'

// What code outside of TypeScript's exact optional fields hands in.
const loose = <T>(value: unknown): T => value as T

describe('a field that is undefined', () => {
  it('is absent in what a turn yields', async () => {
    const session = await opened()
    const parts = loose<TurnPart[]>([
      { type: 'reasoning', text: 'hm', providerMetadata: undefined },
      { type: 'text', text: 'Hi', providerMetadata: undefined },
      { type: 'source', url: 'https://a.test', title: undefined },
      { type: 'document', document: { id: 'd', title: undefined } },
      {
        type: 'tool-call',
        toolCallId: 'c',
        toolName: 'of-a-client',
        input: { a: { b: undefined } },
        title: undefined,
      },
      { type: 'tool-result', toolCallId: 'c', output: { rows: [{ note: undefined }] }, isError: undefined },
      { type: 'usage', inputTokens: 3, outputTokens: undefined, model: undefined },
      undefined,
      { type: 'text', text: '!' },
    ])
    const result = await session.turn('?', () => parts).result
    expect(result).toMatchObject({ status: 'completed', usage: { inputTokens: 3 } })
    expect(result.replies.map(({ content }) => content)).toEqual([
      [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'Hi' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'of-a-client', input: { a: {} } },
      ],
      [{ type: 'tool-result', toolCallId: 'c', output: { rows: [{}] } }],
      '!',
    ])
    expect(result.reply.metadata).toMatchObject({
      sources: [{ url: 'https://a.test' }],
      documents: [{ id: 'd' }],
    })
    expect(await session.currentTurn()).toBeUndefined()
  })

  it.each([
    [{ ok: true, note: undefined }, { ok: true }],
    [[{ id: 1, deletedAt: undefined, at: new Date(0) }], [{ id: 1, at: '1970-01-01T00:00:00.000Z' }]],
    [undefined, null],
    [{ total: 12n }, { total: '12' }],
  ])('is absent in what a tool gives back, which is no failure: %o', async (output, told) => {
    const session = await opened()
    const call: TurnPart = { type: 'tool-call', toolCallId: 'c', toolName: 'work', input: {} }
    const { replies } = await session.turn('?', ({ steps }) => (steps.length === 0 ? call : 'Done'), {
      tools: { work: { execute: () => output } },
    }).result
    expect(replies[1]!.content).toEqual([
      { type: 'tool-result', toolCallId: 'c', toolName: 'work', output: told },
    ])
  })

  it('is absent in everything a caller hands in', async () => {
    const session = await service()
      .for(alice)
      .create(loose({ state: { a: undefined, b: 1 }, preferences: { c: undefined }, title: undefined }))
    await session.state.merge(loose({ d: { e: undefined } }))
    expect(await session.state.get()).toEqual({ b: 1, d: {} })
    await session.state.update(() => loose({ f: [{ g: undefined }] }))
    expect(await session.state.get()).toEqual({ f: [{}] })
    await session.preferences.merge(loose({ brand: { name: 'X', since: undefined } }))
    expect(await session.preferences.get()).toEqual({ brand: { name: 'X' } })
    const cart = await session.cart.add(
      loose({
        sku: 'A',
        name: 'A',
        price: { amount: 1, currency: 'EUR' },
        metadata: { colour: undefined, sizes: { eu: undefined } },
      }),
    )
    expect(cart.items[0]!.metadata).toEqual({ sizes: {} })
    const message: MessageInput = loose({
      role: 'assistant',
      content: [{ type: 'text', text: 'Hi', providerOptions: undefined }],
      name: undefined,
      metadata: { a: { b: undefined } },
    })
    await session.append([message])
    const { messages } = await session.history()
    const { content, metadata } = messages[0]!
    expect([content, metadata]).toStrictEqual([[{ type: 'text', text: 'Hi' }], { a: {} }])
  })
})
