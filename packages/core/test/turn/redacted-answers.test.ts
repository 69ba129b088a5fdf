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
    ['a'.repeat(most + 1), [64_448, 1089]],
    [`${'a'.repeat(64_000)} ${'b'.repeat(most)}`, [64_001, most]],
    [`${'a'.repeat(100)}\n${'b'.repeat(most)}`, [101, most]],
    ['a '.repeat(most), [64_512, 64_512, 2048]],
  ] as const) {
    const { events } = await marked([said])
    expect(events.map((event) => (event as { text: string }).text.length)).toEqual(lengths)
  }
})

it('cuts a line that is too long at no place where something has to be redacted', async () => {
  const redact = (text: string): string => text.replaceAll(/\d{4}(?: ?\d{4}){3}/g, '[card]')
  const session = await opened({ redact, onWarning: () => {} })
  for (const number of ['4111 1111 1111 1111 ', '"4111111111111111",']) {
    for (let before = 0; before < number.length; before++) {
      const line = 'x'.repeat(before) + number.repeat(Math.ceil(140_000 / number.length))
      const { text } = await session.turn('Hi', () => [line]).result
      expect(text.replaceAll('[card]', '')).not.toMatch(/\d/)
    }
  }
})

it('stores no whole number of a text that other parts come into', async () => {
  const redact = (text: string): string => text.replaceAll(/KD-\d{6}/g, '[customer]')
  const others = [
    { type: 'data-progress', data: 1 },
    { type: 'file', mediaType: 'image/png', data: 'aGk=' },
    { type: 'tool-call', toolCallId: 'c', toolName: 'ours', input: {} },
    { type: 'reasoning', text: 'Hm' },
    { type: 'reasoning', id: 'r', text: 'Hm' },
    { type: 'text', id: 'other', text: 'Hm' },
  ]
  for (const type of ['text', 'reasoning']) {
    for (const id of ['a', undefined]) {
      for (const other of [...others, { type: 'text', text: 'Hm' }]) {
        if (id === undefined && other.type === type) continue
        const session = await opened({ redact, onWarning: () => {} })
        const said = (text: string) => ({ type, text, ...(id === undefined ? {} : { id }) })
        const parts = [said('I am KD-12'), other, said('34'), other, said('56, yes'), other] as TurnPart[]
        const turn = session.turn('Hi', () => parts)
        const isSaid = (part: { type: string; id?: unknown }) => part.type === type && part.id === id
        const told = (await all(turn)).filter(isSaid).map((part) => (part as { text: string }).text)
        const { content } = (await turn.result).reply
        const stored = (content as { type: string; text: string }[]).filter(isSaid)
        const name = JSON.stringify([type, id, other])
        for (const texts of [told, stored.map(({ text }) => text)]) {
          expect(texts.join(''), name).not.toMatch(/KD-123456|3456/)
          expect(texts.join(''), name).toMatch(/^I am .*\[customer\], yes/)
        }
        // The line of a text with an id is told when it has ended, in the place of the text.
        if (id !== undefined && type === 'text') expect(told.join(''), name).toBe('I am [customer], yes')
        expect(isSaid((content as { type: string }[])[0]!), name).toBe(true)
      }
    }
  }
})

it('tells the whole answer of a step before its tools run', async () => {
  const told: string[] = []
  const session = await opened({ redact: (text) => text })
  const tools = { ours: { description: '', inputSchema: {}, execute: () => told.join('') } }
  const turn = session.turn(
    'Hi',
    ({ steps }) =>
      steps.length > 0
        ? 'Done'
        : [
            { type: 'text', id: 'a', text: 'Let me ' },
            { type: 'tool-call', toolCallId: 'c', toolName: 'ours', input: {} },
            { type: 'text', id: 'a', text: 'look' },
          ],
    { tools },
  )
  for await (const event of turn) if (event.type === 'text') told.push(event.text)
  expect(told).toEqual(['', 'Let me look', 'Done'])
  const { replies } = await turn.result
  expect(replies[0]!.content).toMatchObject([{ type: 'text', text: 'Let me look' }, { type: 'tool-call' }])
})

it('tells the last line of a text that is said to have ended', async () => {
  const { events } = await marked([
    { type: 'text', id: 'a', text: 'a secret' },
    { type: 'text', id: 'a', text: '', state: 'done' },
    { type: 'usage', inputTokens: 3 },
  ])
  expect(events.map(({ type }) => type)).toEqual(['text', 'usage'])
})

it('holds back no more of an answer than a reply may hold', async () => {
  const session = await opened({ redact: (text) => text, onWarning: () => {} })
  let given = 0
  const turn = session.turn('Hi', function* () {
    for (; given < 400; given++) yield { type: 'text', id: String(given), text: 'a'.repeat(60_000) }
  })
  expect(await turn.result).toMatchObject({ status: 'failed', code: 'too_large' })
  expect(given).toBe(Math.floor((16 * 1024 * 1024) / (60_000 + 256)))
})

it('leaves a thought its signature when the one before it, of which words were redacted, has none', async () => {
  const { events } = await marked([
    { type: 'reasoning', text: 'a secret' },
    { type: 'data-progress', data: 1 },
    { type: 'reasoning', text: 'two', signature: 'S' },
  ])
  expect(events.at(-1)).toEqual({ type: 'reasoning', text: 'two', signature: 'S' })
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
