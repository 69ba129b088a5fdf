import { expect, it } from 'vitest'
import { matchingCalls } from '../../src/context/tool-calls.js'
import { atOnce } from '../../src/async/slices.js'
import { call, type Entry, log, reasoning, result, text } from './histories.js'

const request = (toolCallId: unknown, approvalId: unknown) => ({
  type: 'tool-approval-request',
  toolCallId,
  approvalId,
})
const response = (approvalId: unknown) => ({ type: 'tool-approval-response', approvalId, approved: true })

/** Messages that stay, each by its seq, its parts and its calls with the seqs of their results; and the repairs. */
function matched(...entries: Entry[]) {
  const found = atOnce(matchingCalls(log(...entries)))
  const messages = found.matched.map(({ message, parts, calls, adjoins }) => [
    message.seq,
    parts === undefined ? 'text' : parts.map((part) => part.type),
    calls.map(({ shownAs, result: given }) => `${shownAs}<${given?.from.seq ?? ''}`).join(' '),
    adjoins,
  ])
  return { messages, repairs: found.repairs.map(({ seq, why, toolCallId }) => [seq, why, toolCallId]), found }
}

const assistant = (...parts: object[]): Entry => ['assistant', parts as never]
const tool = (...parts: object[]): Entry => ['tool', parts as never]
const go: Entry = ['user', 'go']

it('a result belongs to the newest step with an open call of its id, and there to the first', () => {
  const { messages, repairs, found } = matched(
    go,
    assistant(call('a'), call('a')),
    tool(result('a', 'first')),
    tool(result('a', 'second')),
    assistant(call('a'), call('b')),
    tool(result('b')),
    tool(result('a')),
    ['assistant', 'done'],
  )
  expect(messages).toEqual([
    [1, 'text', '', true],
    [2, ['tool-call', 'tool-call'], 'a<3 a-2<4', true],
    [5, ['tool-call', 'tool-call'], 'a-3<7 b<6', false],
    [8, 'text', '', false],
  ])
  expect(repairs).toEqual([
    [2, 'renamed-call', 'a'],
    [5, 'renamed-call', 'a'],
  ])
  expect(
    found.matched[1]!.calls.map(({ id, toolName, result: given }) => [id, toolName, given!.part['output']]),
  ).toEqual([
    ['a', 'lookUp', 'first'],
    ['a', 'lookUp', 'second'],
  ])
  expect(found.matched[1]!.parts!.map((part) => part['toolCallId'])).toEqual(['a', 'a-2'])
})

it('calls in messages one after the other are one step until a result comes', () => {
  const { messages } = matched(
    go,
    assistant(call('a')),
    assistant(call('a')),
    tool(result('a')),
    assistant(call('a')),
    tool(result('a')),
    tool(result('a')),
  )
  // The second result is of the third call, and the third of the second, which is still open.
  expect(messages.map(([, , calls]) => calls)).toEqual(['', 'a<4', 'a-2<7', 'a-3<6'])
  const between = matched(
    assistant(call('a')),
    go,
    assistant(call('a')),
    tool(result('a')),
    tool(result('a')),
  )
  expect(between.messages.map(([, , calls]) => calls)).toEqual(['a<5', '', 'a-2<4'])
})

it('a new id is one that no call has', () => {
  const { messages } = matched(assistant(call('a-2'), call('a'), call('a'), call('a')))
  expect(messages[0]![2]).toBe('a-2< a< a-3< a-4<')
})

it('results without a call, a second time, or in the words of somebody else are left out', () => {
  const { messages, repairs } = matched(
    go,
    tool(result('a')),
    ['tool', 'text'],
    assistant(call('a')),
    tool(result('a'), text('aside')),
    tool(result('a')),
    ['user', [result('b'), text('hello')]],
  )
  expect(messages.map(([seq]) => seq)).toEqual([1, 4, 7])
  expect(repairs).toEqual([
    [2, 'orphan-result', 'a'],
    [3, 'orphan-result', undefined],
    [5, 'stray-part', undefined],
    [6, 'orphan-result', 'a'],
    [7, 'orphan-result', 'b'],
  ])
  expect(messages.at(-1)).toEqual([7, ['text'], '', false])
})

it('a call with its result in the same message stays with it, by a new id where the old one is used', () => {
  const { messages, repairs, found } = matched(
    assistant(call('a'), result('a'), text('so')),
    assistant(call('a'), result('a')),
    assistant(call('b'), call('b'), result('b')),
    assistant(result('c'), call('c')),
    ['user', [call('d'), result('d'), text('I call')]],
  )
  expect(messages).toEqual([
    [1, ['tool-call', 'tool-result', 'text'], '', false],
    [2, ['tool-call', 'tool-result'], '', false],
    [3, ['tool-call', 'tool-call'], 'b<3 b-2<', false],
    [4, ['tool-call'], 'c<', false],
    [5, ['text'], '', false],
  ])
  expect(found.matched[1]!.parts!.map((part) => part['toolCallId'])).toEqual(['a-2', 'a-2'])
  expect(repairs).toEqual([
    [2, 'renamed-call', 'a'],
    [3, 'renamed-call', 'b'],
    [4, 'orphan-result', 'c'],
    [5, 'stray-part', undefined],
    [5, 'orphan-result', 'd'],
  ])
})

it('an approval counts as the result until there is one', () => {
  const asked = [call('a'), request('a', 'x')]
  const approved = matched(assistant(...asked), tool(response('x')))
  expect(approved.messages).toEqual([[1, ['tool-call', 'tool-approval-request'], 'a<2', true]])
  expect(approved.repairs).toEqual([])
  expect(matched(assistant(...asked), tool(response('x')), tool(result('a'))).messages[0]![2]).toBe('a<3')
  expect(matched(assistant(...asked), tool(result('a')), tool(response('x'))).messages[0]![2]).toBe('a<2')
  for (const wrong of ['y', undefined, 5]) {
    const { messages, repairs } = matched(assistant(...asked), tool(response(wrong)))
    expect([messages[0]![2], repairs]).toEqual(['a<', [[2, 'stray-part', undefined]]])
  }
  for (const none of [request(undefined, 'x'), request('a', 5), request('', 'x'), request('b', 'x')]) {
    expect(matched(assistant(call('a'), none), tool(response('x'))).repairs).toEqual([
      [2, 'stray-part', undefined],
    ])
  }
  // An answer ends a step.
  const { messages } = matched(assistant(...asked), tool(response('x')), assistant(call('b')))
  expect(messages.at(-1)![3]).toBe(false)
})

it('an approval of a call that the conversation has left behind is no result of it', () => {
  const asked = assistant(call('a'), request('a', 'x'))
  const approved = tool(response('x'))
  const said = assistant(text('so'))
  const ends = [
    [asked, approved, go],
    [asked, go, approved],
    [asked, approved, said],
    [asked, said, approved, go],
    [asked, tool(result('b')), said, approved],
  ]
  for (const entries of ends) expect(matched(...entries).messages[0]![2]).toBe('a<')
  // Still of the step that the conversation ends with.
  const open = [
    [asked, approved],
    [said, asked, approved],
    [asked, said, approved],
    [asked, tool(result('b')), approved],
    [asked, approved, assistant(text(' '))],
  ]
  for (const entries of open) {
    const { messages } = matched(...entries)
    expect(messages.map(([, , calls]) => calls).join('')).toMatch(/^a<\d$/)
  }
  // A provider's own tool: the provider runs it, and pairs what was said with its question.
  const own = assistant({ ...call('a'), providerExecuted: true }, request('a', 'x'))
  expect(matched(own, approved, go).messages[0]![2]).toBe('a<2')
  for (const approval of [{ approved: false, reason: 'No.' }, { approved: 'yes' }]) {
    const { found } = matched(asked, tool({ ...response('x'), ...approval }), go)
    const why = approval.approved === false ? { reason: 'No.' } : {}
    expect(found.matched[0]!.calls[0]!.result!.part).toEqual({
      type: 'tool-result',
      toolCallId: 'a',
      toolName: 'lookUp',
      output: { type: 'execution-denied', ...why },
    })
  }
})

it('what is asked about a call with a new id is asked about that id', () => {
  const asked = assistant(call('a'), request('a', 'y'))
  const { found } = matched(assistant(call('a'), request('a', 'x')), go, asked, tool(response('y')))
  expect(found.matched.at(-1)!.parts!.map((part) => part['toolCallId'])).toEqual(['a-2', 'a-2'])
})

it('parts that stand where no provider takes them, and blank ones, are left out', () => {
  const { messages, repairs } = matched(
    ['user', [reasoning('hm'), text('hello'), text(' \n')]],
    ['tool', [text('x')]],
    ['system', [call('a'), text('note')]],
    ['assistant', [{ type: 'tool-call', input: {} }, call(''), text('I')]],
    ['user', [text('')]],
    ['user', ' \t'],
    ['assistant', [{ type: 'text' }, { type: 'file', url: 'x' }]],
    tool(result('zzz')),
    ['user', 'end', { status: 'corrupt' }],
  )
  expect(messages.map(([seq, parts]) => [seq, parts])).toEqual([
    [1, ['text']],
    [3, ['text']],
    [4, ['text']],
    [7, ['file']],
  ])
  expect(repairs.map(([seq, why]) => [seq, why])).toEqual([
    [1, 'stray-part'],
    [2, 'stray-part'],
    [2, 'blank'],
    [3, 'stray-part'],
    [4, 'stray-part'],
    [4, 'stray-part'],
    [5, 'blank'],
    [6, 'blank'],
    [8, 'orphan-result'],
    [9, 'corrupt'],
  ])
})

it('reasoning at the end of other parts has no follower, and alone it may have one', () => {
  const { messages } = matched(
    assistant(reasoning('a'), text('so'), reasoning('b'), reasoning('c')),
    assistant(reasoning('d')),
    assistant(text('so'), reasoning('e'), text('then')),
  )
  expect(messages.map(([, parts]) => parts)).toEqual([
    ['reasoning', 'text'],
    ['reasoning'],
    ['text', 'reasoning', 'text'],
  ])
})

it('half a character is mended, and said, but not of what cannot be read', () => {
  const half = 'cut \ud83d'
  expect(matched(['user', half]).repairs).toEqual([[1, 'lone-surrogate', undefined]])
  expect(matched(['user', half, { status: 'corrupt' }]).repairs).toEqual([[1, 'corrupt', undefined]])
})

it('a call may have no name of its tool', () => {
  const { found } = matched(assistant({ type: 'tool-call', toolCallId: 'a', toolName: 5 }))
  expect(found.matched[0]!.calls).toEqual([{ id: 'a', shownAs: 'a', toolName: undefined }])
})
