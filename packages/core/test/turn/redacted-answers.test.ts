import { expect, it } from 'vitest'
import type { TurnPart } from '../../src/index.js'
import { startGate } from '../service.js'
import { all, opened } from './turns.js'

/** Marks each text that it is shown, and remembers where each stood and who said it. */
async function marked(parts: readonly unknown[]) {
  const shown: string[] = []
  const redact = (text: string, { path, role }: { path: string; role?: string }): string => {
    shown.push(`${role} ${path}: ${text}`)
    return text.replaceAll('secret', 'x')
  }
  const session = await opened({ redact, onWarning: () => {} })
  const turn = session.turn('Hi', () => parts as TurnPart[])
  const events = (await all(turn)).slice(1, -1).map((event) => {
    const { n: _, ...part } = event
    return part
  })
  return { events, shown: shown.slice(1), result: await turn.result }
}

it('shows each text with its place and its role, and tells what is stored, in its order', async () => {
  const { events, shown, result } = await marked([
    { type: 'text', text: 'transient secret', transient: true },
    { type: 'document', document: { id: 'd', title: 'secret guide' } },
    { type: 'source', title: 'secret place' },
    'A secret',
    { type: 'tool-call', toolCallId: 'c', toolName: 't', input: { q: 'secret' } },
    { type: 'tool-result', toolCallId: 'c', output: 'secret found' },
    { type: 'usage', inputTokens: 3 },
    { type: 'finish', finishReason: 'stop' },
    'B secret',
  ])
  expect(shown).toEqual([
    'assistant title: secret guide',
    'assistant title: secret place',
    'assistant text: A secret',
    'assistant input.q: secret',
    'tool output: secret found',
    'assistant text: B secret',
  ])
  expect(events).toEqual([
    { type: 'document', document: { id: 'd', title: 'x guide' } },
    { type: 'source', title: 'x place' },
    { type: 'text', text: 'A x' },
    { type: 'tool-call', toolCallId: 'c', toolName: 't', input: { q: 'x' } },
    { type: 'tool-result', toolCallId: 'c', output: 'x found' },
    { type: 'usage', inputTokens: 3 },
    { type: 'finish', finishReason: 'stop' },
    { type: 'text', text: 'B x' },
  ])
  expect(result).toMatchObject({ text: 'B x', finishReason: 'stop', usage: { inputTokens: 3 } })
})

it('tells what was held back before it tells of a failure', async () => {
  const { events, shown, result } = await marked([
    'He secr',
    'et',
    { type: 'error', message: 'no secret' },
    'more',
  ])
  expect(shown.toSorted()).toEqual(['assistant message: no secret', 'assistant text: He secret'])
  expect(events).toEqual([
    { type: 'text', text: 'He x' },
    { type: 'error', message: 'no x' },
  ])
  expect(result).toMatchObject({ status: 'failed', error: 'no x', text: 'He x' })
})

it('ends a text without an id where another begins, or after its signature, and goes on with ids', async () => {
  const text = (said: string, more: object = {}) => ({ type: 'text', text: said, ...more })
  const thought = (said: string, more: object = {}) => ({ type: 'reasoning', text: said, ...more })
  for (const [parts, told] of [
    [
      [text('sec'), thought('ret '), text('secret'), thought('sec'), thought('ret')],
      [text('sec'), thought('ret '), text('x'), thought('x')],
    ],
    [
      [thought('one'), thought('', { signature: 's' }), thought('two')],
      [thought('one', { signature: 's' }), thought('two')],
    ],
    [
      [thought('one ', { signature: 's' }), thought('two', { signature: 's' })],
      [thought('one two', { signature: 's' })],
    ],
    [
      [thought('a secret'), thought('', { signature: 's' }), text('Hi')],
      [thought('a x'), text('Hi')],
    ],
    [[text('a secret', { note: 'of secret' })], [text('a x', { note: 'of x' })]],
    [
      [
        text('sec', { id: 'a' }),
        text('sec', { id: 'b' }),
        text('ret', { id: 'a' }),
        text('ret', { id: 'b' }),
      ],
      [text('x', { id: 'a' }), text('x', { id: 'b' })],
    ],
    [
      [thought('sec', { id: 'a' }), thought('ret', { id: 'a' }), text('b\n', { id: 'b' })],
      [thought('x', { id: 'a' }), text('b\n', { id: 'b' })],
    ],
    [
      [text(''), thought('', { signature: 's' }), text('a\n\nb\nc')],
      [thought('', { signature: 's' }), text('a\n\nb\n'), text('c')],
    ],
  ] as const) {
    const { events } = await marked(parts)
    expect(events).toEqual(told)
  }
})

it('cuts a line that is too long between words, or where it is too long', async () => {
  const most = 65_536
  for (const [said, lengths] of [
    ['a'.repeat(most), [most]],
    ['a'.repeat(most + 1), [most, 1]],
    [`${'a'.repeat(most - 1)} b`, [most, 1]],
    [`${'a'.repeat(most)} b`, [most, 2]],
    [`${'a'.repeat(100)} ${'b'.repeat(most)}`, [101, most]],
    [`${'a'.repeat(100)}\n${'b'.repeat(most)}`, [101, most]],
    ['a '.repeat(most), [most, most]],
  ] as const) {
    const { events } = await marked([said])
    expect(events.map((event) => (event as { text: string }).text.length)).toEqual(lengths)
  }
})

it('keeps nothing of an answer that is still being redacted when its turn has been stopped', async () => {
  const [begun, goesOn] = [startGate(), startGate()]
  const redact = async (text: string): Promise<string> => {
    if (text.includes('late')) {
      begun.open()
      await goesOn.opened
    }
    return text
  }
  const session = await opened({ redact, turns: { toolTimeoutMs: 20 }, onWarning: () => {} })
  const turn = session.turn('Hi', () => ['one\n', 'late\n'])
  await begun.opened
  await turn.cancel()
  const { text, status } = await turn.result
  goesOn.open()
  expect([status, text]).toEqual(['aborted', 'one\n'])
  expect((await all(turn)).map(({ type }) => type)).toEqual(['started', 'text', 'aborted'])
})

it('redacts what an SDK repeats beside a call and its result', async () => {
  const call = { type: 'tool-call', toolCallId: 'c', toolName: 't', input: { q: 'secret' } }
  const wrong = { ...call, toolCallId: 'd', input: '{"q":"secret', error: new Error('No JSON: secret') }
  const { events, result } = await marked([
    { ...call, title: 'Find secret' },
    { ...call, type: 'tool-result', output: 'secret' },
    wrong,
    { ...wrong, type: 'tool-error' },
    { type: 'tool-input-error', toolCallId: 'e', toolName: 't', input: {}, errorText: 'secret' },
    { type: 'reasoning', text: 'Hm', details: [{ text: 'secret' }] },
    { type: 'finish', finishReason: 'stop' },
  ])
  expect(JSON.stringify([events, result.replies])).not.toContain('secret')
  expect(events[1]).toEqual({ ...call, type: 'tool-result', input: { q: 'x' }, output: 'x' })
})

it('shows nobody what a provider sealed, nor the bytes of a file', async () => {
  const sealed = { encrypted_content: 'secret', thoughtSignature: 'secret' }
  const parts = [
    { type: 'text', text: 'Hi', ...sealed, citations: [{ cited_text: 'secret', encrypted_index: 'secret' }] },
    {
      type: 'tool-call',
      toolCallId: 'c',
      toolName: 't',
      input: { thoughtSignature: 'in secret, as a text' },
      extra_content: { google: { thought_signature: 'secret' } },
    },
    { type: 'web_search_tool_result', tool_use_id: 'secret', content: [sealed] },
    { type: 'file', mediaType: 'image/png', data: 'secret' },
  ]
  const { shown, events } = await marked(parts)
  expect(shown.toSorted()).toEqual([
    'assistant citations[0].cited_text: secret',
    'assistant input.thoughtSignature: in secret, as a text',
    'assistant text: Hi',
  ])
  expect(events[3]).toEqual(parts[3])
})

it('redacts them in messages that are appended, too', async () => {
  const session = await opened({ redact: (text) => text.replaceAll('secret', 'x') })
  const call = { toolCallId: 'c', toolName: 't', input: { q: 'secret' }, title: 'secret' }
  await session.append([
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm', details: 'secret', signature: 'secret' },
        { type: 'tool-call', ...call },
        { type: 'tool-result', ...call, output: 'secret' },
      ],
    },
  ])
  const [message] = (await session.history()).messages
  const redacted = { toolCallId: 'c', toolName: 't', input: { q: 'x' }, title: 'x' }
  expect(message!.content).toEqual([
    { type: 'reasoning', text: 'Hm', details: 'x', signature: 'secret' },
    { type: 'tool-call', ...redacted },
    { type: 'tool-result', ...redacted, output: 'x' },
  ])
})

it('stores the thoughts of a model before its words, as it gave them', async () => {
  const { result } = await marked([
    { type: 'reasoning', id: 'r', text: 'Hm secr' },
    { type: 'reasoning', id: 'r', text: 'et' },
    { type: 'text', id: 't', text: 'Hello\nwor' },
    { type: 'text', id: 't', text: 'ld' },
    { type: 'reasoning', id: 'r', text: ' and so on' },
    // Of the words that were redacted, so it fits no others.
    { type: 'reasoning', id: 'r', text: '', signature: 'S' },
  ])
  expect(result.reply.content).toEqual([
    { type: 'reasoning', id: 'r', text: 'Hm x and so on' },
    { type: 'text', id: 't', text: 'Hello\nworld' },
  ])
})

it('stores texts in the order in which they began, whichever line ends first', async () => {
  const { events, result } = await marked([
    { type: 'text', id: 'a', text: 'first secr' },
    { type: 'text', id: 'b', text: 'second\nthi' },
    { type: 'text', id: 'a', text: 'et' },
    { type: 'text', id: 'b', text: 'rd' },
  ])
  expect(result.reply.content).toEqual([
    { type: 'text', id: 'a', text: 'first x' },
    { type: 'text', id: 'b', text: 'second\nthird' },
  ])
  expect(events).toEqual([
    { type: 'text', id: 'a', text: '' },
    { type: 'text', id: 'b', text: 'second\n' },
    { type: 'text', id: 'a', text: 'first x' },
    { type: 'text', id: 'b', text: 'third' },
  ])
})
