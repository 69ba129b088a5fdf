import { describe, expect, it } from 'vitest'
import { toEntries } from '../src/ui/conversation/exchanges.ts'
import { isBusy, reduce, seqBefore, shownMessages } from '../src/ui/conversation/reducer.ts'
import {
  type ConversationAction,
  type ConversationState,
  initialState,
} from '../src/ui/conversation/state.ts'
import { createEventParser } from '../src/ui/sse.ts'
import type { MessageView } from '../src/ui/wire.ts'

const message = (seq: number, role: MessageView['role'], id = `m${seq}`): MessageView => ({
  seq,
  id,
  role,
  content: `${role} ${seq}`,
  createdAt: '2026-01-01T00:00:00.000Z',
  status: 'completed',
  tokens: 1,
})

const asked = [message(1, 'user'), message(2, 'assistant'), message(3, 'user'), message(4, 'assistant')]

const after = (state: ConversationState, ...actions: ConversationAction[]): ConversationState =>
  actions.reduce(reduce, state)

const send = (id: string, goBackTo?: number): ConversationAction => ({
  type: 'send',
  outgoing: {
    id,
    text: 'hello',
    at: '2026-01-01T00:00:00.000Z',
    status: 'sending',
    ...(goBackTo === undefined ? {} : { after: goBackTo }),
  },
})

const started = (messageId: string, seq: number): ConversationAction => ({
  type: 'started',
  started: { turnId: 't', messageId, seq, replyId: `${messageId}.r0` },
  eventId: 't.1',
})

const idsOf = (state: ConversationState): string[] => shownMessages(state).map(({ id }) => id)

describe('a conversation', () => {
  it('keeps a message on its way until the server has it, and then shows it once', () => {
    const sending = after(initialState(asked, undefined), send('mine'))
    expect(isBusy(sending)).toBe(true)
    expect(idsOf(sending)).toEqual(['m1', 'm2', 'm3', 'm4'])
    const answering = after(sending, started('mine', 5))
    expect(answering.outgoing).toBeUndefined()
    expect(idsOf(answering)).toEqual(['m1', 'm2', 'm3', 'm4', 'mine'])
    expect(isBusy(answering)).toBe(true)
  })

  it('keeps the text of a message that was refused', () => {
    const refused = after(initialState([], undefined), send('mine'), { type: 'refused', problem: 'No.' })
    expect(refused.outgoing).toMatchObject({ id: 'mine', text: 'hello', status: 'failed', problem: 'No.' })
    expect(isBusy(refused)).toBe(false)
  })

  it('puts words and tools of an answer together in their order', () => {
    const { answer } = after(
      initialState([], undefined),
      send('mine'),
      started('mine', 1),
      { type: 'tool', id: 'c', name: 'look', eventId: 't.2' },
      { type: 'tool-result', id: 'c', isError: false, eventId: 't.3' },
      { type: 'text', text: 'Good ', eventId: 't.4' },
      { type: 'text', text: 'day', eventId: 't.5' },
    )
    expect(answer?.pieces).toEqual([
      { type: 'tool', id: 'c', name: 'look', state: 'done' },
      { type: 'text', text: 'Good day' },
    ])
    expect(answer?.lastEventId).toBe('t.5')
  })

  it('shows an answer once, although the log has it before its end is told', () => {
    const writing = after(initialState([], undefined), send('mine'), started('mine', 1))
    const page = [
      message(1, 'user', 'mine'),
      message(2, 'assistant', 'mine.r0.1'),
      message(3, 'assistant', 'mine.r0'),
    ]
    const early = after(writing, { type: 'page', messages: page, earlier: undefined })
    expect(idsOf(early)).toEqual(['mine'])
    const ended = after(early, { type: 'ended' }, { type: 'page', messages: page, earlier: undefined })
    expect(ended.answer).toBeUndefined()
    expect(idsOf(ended)).toEqual(['mine', 'mine.r0.1', 'mine.r0'])
  })

  it('says nothing twice when the same turn is told from the beginning again', () => {
    const text: ConversationAction = { type: 'text', text: 'Good', eventId: 't.2' }
    const again = after(
      initialState([], undefined),
      send('mine'),
      started('mine', 1),
      text,
      started('mine', 1),
      text,
    )
    expect(again.answer?.pieces).toEqual([{ type: 'text', text: 'Good' }])
    expect(idsOf(again)).toEqual(['mine'])
  })

  it('hides at once what an edit leaves behind, and brings it back when the edit is given up', () => {
    const editing = after(initialState(asked, undefined), send('mine', 2))
    expect(idsOf(editing)).toEqual(['m1', 'm2'])
    expect(idsOf(after(editing, { type: 'discard' }))).toEqual(['m1', 'm2', 'm3', 'm4'])
    expect(idsOf(after(editing, started('mine', 5)))).toEqual(['m1', 'm2', 'mine'])
  })

  it('takes a failed answer away when its message is answered anew', () => {
    const retried = after(initialState(asked, undefined), send('m3'), started('m3', 3))
    expect(idsOf(retried)).toEqual(['m1', 'm2', 'm3'])
  })

  it('keeps the older messages that were loaded when a newer page begins in them', () => {
    const page = [message(3, 'user'), message(4, 'assistant'), message(5, 'user')]
    const state = after(initialState(asked, 1), { type: 'page', messages: page, earlier: 3 })
    expect(idsOf(state)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
    expect(state.earlier).toBe(1)
  })

  it('lets go of them when the page has nothing to do with them', () => {
    const page = [message(60, 'user'), message(61, 'assistant')]
    const state = after(initialState(asked, undefined), { type: 'page', messages: page, earlier: 60 })
    expect(idsOf(state)).toEqual(['m60', 'm61'])
    expect(state.earlier).toBe(60)
  })

  it('knows the message before one only where it was loaded', () => {
    expect(seqBefore(initialState(asked, undefined), 1)).toBe(0)
    expect(seqBefore(initialState(asked, 1), 1)).toBeUndefined()
    expect(seqBefore(initialState(asked, 1), 3)).toBe(2)
  })

  it('takes the messages of a turn for one answer, with one key while it is written and after', () => {
    const entries = toEntries([
      message(1, 'user', 'a'),
      message(2, 'assistant'),
      message(3, 'tool'),
      message(4, 'assistant'),
    ])
    expect(entries.map(({ kind, key }) => [kind, key])).toEqual([
      ['question', 'a'],
      ['answer', 'a answered'],
    ])
  })
})

describe('a stream of events', () => {
  it('reads events wherever the network cuts them, and passes over signs of life', () => {
    const text =
      ': \n\nid: t.1\nevent: response.text.delta\ndata: {"delta":"Grüße: ja"}\n\n: \n\nid: t.2\nevent: x\ndata: {}\n\n'
    const whole = createEventParser()(text)
    const parse = createEventParser()
    const pieces = [...text].flatMap((letter) => parse(letter))
    expect(pieces).toEqual(whole)
    expect(whole).toEqual([
      { id: 't.1', event: 'response.text.delta', data: { delta: 'Grüße: ja' } },
      { id: 't.2', event: 'x', data: {} },
    ])
  })
})
