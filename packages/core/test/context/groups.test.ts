import { describe, expect, it } from 'vitest'
import { grouping } from '../../src/context/groups.js'
import { atOnce } from '../../src/async/slices.js'
import { estimateTokens } from '../../src/context/token-count.js'
import type { Message } from '../../src/domain/message.js'
import { call, type Entry, log, reasoning, result, text } from './histories.js'

const grouped = (...entries: Entry[]) => {
  const { groups, repairs } = atOnce(grouping(log(...entries), estimateTokens))
  return {
    seqs: groups.map((group) => group.seqs),
    repairs,
    messages: groups.flatMap((group) => group.messages),
    groups,
  }
}

describe('grouping', () => {
  it('keeps a call with all its results, however they come', () => {
    const { seqs, messages, repairs } = grouped(
      ['user', 'go'],
      ['assistant', [call('a'), call('b')]],
      ['user', 'still there?'],
      ['tool', [result('b')]],
      ['tool', [result('a')]],
      ['assistant', 'done'],
    )
    expect(seqs).toEqual([[1], [2, 4, 5], [3], [6]])
    // Between the results and the user, an answer that was never given.
    expect(messages.map((message) => message.seq)).toEqual([1, 2, 5, 4, undefined, 3, 6])
    expect(repairs).toEqual([{ seq: 5, why: 'no-answer' }])
  })

  it('keeps calls that were stored one by one, and reasoning with what followed it', () => {
    const { seqs } = grouped(
      ['user', 'go'],
      ['assistant', [reasoning('hm')]],
      ['assistant', [call('a')]],
      ['assistant', [call('b')]],
      ['tool', [result('a')]],
      ['tool', [result('b')]],
      ['assistant', [call('c')]],
      ['tool', [result('c')]],
    )
    expect(seqs).toEqual([[1], [2, 3, 4, 5, 6], [7, 8]])
  })

  it('settles calls that were interrupted', () => {
    const { messages, repairs } = grouped(
      ['user', 'go'],
      ['assistant', [call('a'), call('b')]],
      ['tool', [result('a')]],
    )
    expect(messages.at(-1)).toMatchObject({
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'b',
          toolName: 'lookUp',
          output: { type: 'error-text', value: expect.stringContaining('interrupted') },
        },
      ],
    })
    expect(messages.at(-1)).not.toHaveProperty('seq')
    expect(repairs).toEqual([{ seq: 2, why: 'interrupted-call', toolCallId: 'b' }])
  })

  it('drops results without a call, and second results', () => {
    const { seqs, repairs } = grouped(
      ['tool', [result('x')]],
      ['user', 'go'],
      ['assistant', [call('a')]],
      ['tool', [result('a')]],
      ['tool', [result('a', 'again')]],
    )
    expect(seqs).toEqual([[2], [3, 4]])
    expect(repairs.map(({ seq, why }) => [seq, why])).toEqual([
      [1, 'orphan-result'],
      [5, 'orphan-result'],
    ])
  })

  it('tells calls of the same id apart', () => {
    const { messages, repairs } = grouped(
      ['user', 'go'],
      ['assistant', [call('0')]],
      ['tool', [result('0', 'first')]],
      ['user', 'again'],
      ['assistant', [call('0')]],
      ['tool', [result('0', 'second')]],
    )
    expect(messages.slice(-2).map((message) => message.content)).toEqual([
      [{ ...call('0'), toolCallId: '0-2' }],
      [{ ...result('0', 'second'), toolCallId: '0-2', toolName: 'lookUp' }],
    ])
    expect(repairs).toContainEqual({ seq: 5, why: 'renamed-call', toolCallId: '0' })
  })

  it('leaves what a provider settled by itself word for word', () => {
    const searched = [
      call('s'),
      result('s'),
      text('Found it'),
      { type: 'source', url: 'https://example.com' },
    ]
    const { messages, seqs } = grouped(['user', 'search'], ['assistant', searched])
    expect(seqs).toEqual([[1], [2]])
    expect(messages[1]!.content).toEqual(searched)
  })

  it('drops reasoning that nothing follows, blanks, and what could not be read', () => {
    const corrupt: Partial<Message> = { status: 'corrupt' }
    const { seqs, repairs } = grouped(
      ['user', 'go'],
      ['assistant', [text('so'), reasoning('and then')], { status: 'aborted' }],
      ['assistant', [reasoning('hm')]],
      ['user', ' '],
      ['user', '', corrupt],
      ['user', [text(''), text('hello')]],
    )
    expect(seqs).toEqual([[1], [2], [6]])
    expect(repairs.map(({ seq, why }) => [seq, why])).toEqual(
      expect.arrayContaining([
        [3, 'trailing-reasoning'],
        [4, 'blank'],
        [5, 'corrupt'],
      ]),
    )
  })

  it('lets other work go on between the results of a step, however many there are', () => {
    const ids = Array.from({ length: 300 }, (_, n) => `call ${n}`)
    let looks = 0
    const countTokens: typeof estimateTokens = (message) => {
      looks++
      return estimateTokens(message)
    }
    const messages = log(['user', 'go'], ['assistant', ids.map((id) => call(id))])
    const results = log(['tool', ids.map((id) => result(id))], ['assistant', 'done'])
    const steps = grouping(
      [...messages, ...results.map((each) => ({ ...each, seq: each.seq + 2 }))],
      countTokens,
      50,
    )
    let most = 0
    for (let before = looks; steps.next().done !== true; before = looks) most = Math.max(most, looks - before)
    expect(looks).toBeGreaterThan(299)
    expect(most).toBeLessThan(10)
  })
})
