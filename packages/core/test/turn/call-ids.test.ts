import { describe, expect, it } from 'vitest'
import type { MessagePart, TurnPart } from '../../src/index.js'
import { opened } from './turns.js'

const call = (toolCallId: string, q: string): TurnPart => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'search',
  input: { q },
})

/** Each result with the call it stands under. */
function pairs(messages: readonly { content: string | readonly MessagePart[] }[]): unknown[] {
  const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  const calls = parts.filter(({ type }) => type === 'tool-call')
  const results = parts.filter(({ type }) => type === 'tool-result')
  return calls.map(({ toolCallId, input }) => {
    const mine = results.filter((result) => result['toolCallId'] === toolCallId)
    return [input, mine.map(({ output }) => output)]
  })
}

describe('ids of calls', () => {
  it('may come again in each step: the tool runs each time', async () => {
    const session = await opened()
    const asked: string[] = []
    const result = await session.turn(
      '?',
      ({ steps }) => (steps.length < 6 ? call('search:0', `q${steps.length}`) : 'Done'),
      {
        tools: {
          search: {
            execute: ({ q }: { q: string }) => {
              asked.push(q)
              return `found ${q}`
            },
          },
        },
      },
    ).result
    expect(result).toMatchObject({ status: 'completed', text: 'Done' })
    expect(asked).toEqual(['q0', 'q2', 'q4'])
    const expected = ['q0', 'q2', 'q4'].map((q) => [{ q }, [`found ${q}`]])
    expect(pairs(result.replies)).toEqual(expected)
    expect(pairs((await session.context({ maxTokens: 8000 })).messages)).toEqual(expected)
  })

  it('may come twice in one step: each call has its own result', async () => {
    const session = await opened()
    const respond = ({ steps }: { steps: readonly unknown[] }) =>
      steps.length === 0 ? [call('c', 'a'), call('c', 'b'), call('d', 'c')] : 'Done'
    const { replies } = await session.turn('?', respond, {
      tools: { search: { execute: ({ q }: { q: string }) => `found ${q}` } },
    }).result
    const expected = ['a', 'b', 'c'].map((q) => [{ q }, [`found ${q}`]])
    expect(pairs(replies)).toEqual(expected)
    expect(pairs((await session.context({ maxTokens: 8000 })).messages)).toEqual(expected)
  })

  it('may come twice with results that respond gives itself: the first result is the first call’s', async () => {
    const session = await opened()
    const result = (output: string): TurnPart => ({ type: 'tool-result', toolCallId: 'c', output })
    const { replies } = await session.turn('?', () => [
      call('c', 'a'),
      call('c', 'b'),
      result('found a'),
      result('found b'),
      call('c', 'c'),
      result('found c'),
      'Done',
    ]).result
    const expected = ['a', 'b', 'c'].map((q) => [{ q }, [`found ${q}`]])
    expect(pairs(replies)).toEqual(expected)
  })

  it('may come in any order with results under the ids that the calls were given, or the model’s, or nobody’s', async () => {
    const session = await opened()
    const result = (toolCallId: string, output: string): TurnPart => ({
      type: 'tool-result',
      toolCallId,
      output,
    })
    const { replies } = await session.turn('?', () => [
      call('c', 'a'),
      call('c', 'b'),
      call('c', 'c'),
      call('d', 'd'),
      result('d', 'found d'),
      result('c-3', 'found c'),
      result('e', 'of no call'),
      result('c', 'found a'),
      result('c', 'found b'),
      call('c', 'e'),
      result('c', 'found e'),
      'Done',
    ]).result
    const expected = ['a', 'b', 'c', 'd', 'e'].map((q) => [{ q }, [`found ${q}`]])
    expect(pairs(replies)).toEqual(expected)
    const parts = replies.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    const ids = (type: string) => parts.filter((part) => part.type === type).map((part) => part['toolCallId'])
    expect(ids('tool-call')).toEqual(['c', 'c-2', 'c-3', 'd', 'c-4'])
    expect(ids('tool-result')).toEqual(['d', 'c-3', 'e', 'c', 'c-2', 'c-4'])
  })

  it('may come twice in messages that are appended: the context keeps the order', async () => {
    const session = await opened()
    await session.append([
      { role: 'user', content: '?' },
      { role: 'assistant', content: [call('c', 'lost')] as MessagePart[] },
      { role: 'user', content: 'and?' },
      { role: 'assistant', content: [call('c', 'a'), call('c', 'b')] as MessagePart[] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', output: 'found a' }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', output: 'found b' }] },
      { role: 'assistant', content: [call('c', 'c')] as MessagePart[] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', output: 'found c' }] },
    ])
    const { messages } = await session.context({ maxTokens: 8000 })
    expect(pairs(messages)).toEqual([
      [{ q: 'lost' }, [expect.objectContaining({ type: 'error-text' })]],
      [{ q: 'a' }, ['found a']],
      [{ q: 'b' }, ['found b']],
      [{ q: 'c' }, ['found c']],
    ])
  })
})
