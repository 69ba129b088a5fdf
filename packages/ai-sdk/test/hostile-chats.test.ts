import { createSessions } from '@sessions/core'
import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChatOptions, createChat, fromResponse, fromUIMessage, toUIMessages } from '../src/index.js'
import { ChatClient } from './chat-client.js'
import { alice, chatOf, expectKept, id, partsOf } from './chat-of.js'
import { call, modelOf, text } from './models.js'

const add = tool({ inputSchema: z.object({ a: z.number() }), execute: ({ a }) => a + 1 })
const counted = tool({
  inputSchema: z.object({ a: z.number() }),
  async *execute({ a }) {
    yield a
    yield a + 1
  },
})
const asked = tool({
  inputSchema: z.object({ a: z.number() }),
  needsApproval: true,
  execute: ({ a }) => a + 1,
})
const callsOf = (page: ChatClient) =>
  partsOf(page).flatMap((part) =>
    'toolCallId' in part ? [[part.toolCallId, part.state, 'output' in part ? part.output : undefined]] : [],
  )

describe('a model that uses an id of a call again', () => {
  it('in each step: a page shows each call once, with its result', async () => {
    const model = modelOf(call('c', 'add', { a: 1 }), call('c', 'counted', { a: 2 }), text('1', 'Done'))
    const chat = chatOf({ model, tools: { add, counted } })
    const page = new ChatClient(chat, { id })
    await page.sendMessage({ text: 'Hi' })
    expect(callsOf(page)).toEqual([
      ['c', 'output-available', 2],
      ['c-2', 'output-available', 3],
    ])
    await expectKept(chat, page)
  })

  it('in one step, and in steps that the turn takes', async () => {
    const twice = [...call('c', 'add', { a: 1 }), ...call('c', 'add', { a: 2 })]
    const model = modelOf(twice, call('c', 'later', {}), call('c', 'add', { a: 4 }), text('1', 'Done'))
    const turnTools: ChatOptions['turnTools'] = { later: { execute: () => 'late' } }
    const chat = chatOf({ model, tools: { add }, turnTools })
    const page = new ChatClient(chat, { id })
    await page.sendMessage({ text: 'Hi' })
    expect(callsOf(page)).toEqual([
      ['c', 'output-available', 2],
      ['c-2', 'output-available', 3],
      ['c-3', 'output-available', 'late'],
      ['c-4', 'output-available', 5],
    ])
    await expectKept(chat, page)
  })

  it('and asks a person about the second one', async () => {
    const model = modelOf(call('c', 'add', { a: 1 }), call('c', 'asked', { a: 2 }), text('1', 'Done'))
    const chat = chatOf({ model, tools: { add, asked } })
    const page = new ChatClient(chat, { id })
    await page.sendMessage({ text: 'Hi' })
    expect(callsOf(page).at(-1)).toEqual(['c-2', 'approval-requested', undefined])
    await expectKept(chat, page)
    const question = partsOf(page).find((part) => 'approval' in part && part.approval !== undefined)
    await page.addToolApprovalResponse({
      id: (question as { approval: { id: string } }).approval.id,
      approved: true,
    })
    await page.sendMessage()
    expect(callsOf(page).at(-1)).toEqual(['c-2', 'output-available', 3])
  })
})

it('shows a call of a tool that there is not once, as failed', async () => {
  const chat = chatOf({ model: modelOf(call('c', 'nothing', {}), text('1', 'Sorry')), tools: { add } })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  expect(callsOf(page)).toEqual([['c', 'output-error', undefined]])
  await expectKept(chat, page)
})

it('reads past a chunk that is none', async () => {
  const respond = () => [
    { type: 'ui-chunk', chunk: null },
    { type: 'ui-chunk' },
    { type: 'ui-chunk', chunk: { type: 5 } },
    'Hello',
  ]
  const chat = chatOf({ respond: respond as never })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  expect(page.error).toBeUndefined()
  expect(await chat.messages(alice, id)).toMatchObject([
    {},
    { parts: [{ type: 'step-start' }, { text: 'Hello' }] },
  ])
})

it('takes the message of a page whose history is long, and whose tools gave much', async () => {
  const chat = chatOf({ respond: () => 'Hello' })
  const deep = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) as object
  const rows = Array.from({ length: 100 }, (_, row) => ({ row, price: 1, deep }))
  const found = { type: 'dynamic-tool', toolName: 'find', state: 'output-available', input: {}, output: rows }
  const history = Array.from({ length: 40 }, (_, n) => ({
    id: `a${n}`,
    role: 'assistant',
    parts: [{ ...found, toolCallId: `c${n}` }],
  }))
  const data = Array.from({ length: 11_000 }, (_, n) => n)
  const asked = {
    id: 'm',
    role: 'user',
    parts: [
      { type: 'text', text: 'Hi' },
      { type: 'data-rows', data },
    ],
  }
  const response = await chat.handle(
    new Request('https://shop.example/api/chat', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, messages: [...history, asked] }),
    }),
  )
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('Hello')
})

it('takes no second word for a call that has its result, and answers all the same', async () => {
  const ask = tool({ inputSchema: z.object({}), outputSchema: z.string() })
  const chat = chatOf({ model: modelOf(call('c', 'ask', {}), text('1', 'So.')), tools: { ask } })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  const second = new ChatClient(chat, { id, messages: structuredClone(page.messages) })
  await page.addToolOutput({ tool: 'ask', toolCallId: 'c', output: 'yes' })
  await page.sendMessage()
  await second.addToolOutput({ tool: 'ask', toolCallId: 'c', output: 'forged' })
  await second.sendMessage()
  expect(second.error).toBeUndefined()
  expect(JSON.stringify(await chat.messages(alice, id))).not.toContain('forged')
  await expectKept(chat, page)
})

it('refuses a word about a call that the answer has left behind: its tool would never run', async () => {
  const model = modelOf(
    [...call('a', 'asked', { a: 1 }), ...call('b', 'asked', { a: 2 })],
    call('c', 'asked', { a: 3 }),
    text('1', 'Done'),
  )
  const chat = chatOf({ model, tools: { asked } })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  const answer = async (toolCallId: string): Promise<void> => {
    const part = partsOf(page).find((each) => 'toolCallId' in each && each.toolCallId === toolCallId)
    await page.addToolApprovalResponse({
      id: (part as { approval: { id: string } }).approval.id,
      approved: true,
    })
    await page.sendMessage()
  }
  await answer('a')
  expect(callsOf(page).map(([, state]) => state)).toEqual([
    'output-available',
    'approval-requested',
    'approval-requested',
  ])
  await answer('b')
  expect(page.error?.message).toContain('went on without')
  // What it shows of that call is in no one's way.
  await answer('c')
  expect(callsOf(page).at(-1)).toEqual(['c', 'output-available', 4])
  expect(partsOf(page).at(-1)).toMatchObject({ text: 'Done' })
})

it('asks of a call beside one that cannot run, and before another one', async () => {
  const calls = [...call('b', 'asked', { a: 1 }), ...call('n', 'nothing', {}), ...call('a', 'add', { a: 3 })]
  const chat = chatOf({ model: modelOf(calls, text('1', 'Done')), tools: { asked, add } })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  await expectKept(chat, page)
  const question = partsOf(page).find((part) => 'approval' in part && part.approval !== undefined)
  await page.addToolApprovalResponse({
    id: (question as { approval: { id: string } }).approval.id,
    approved: true,
  })
  await page.sendMessage()
  expect(callsOf(page)).toEqual([
    ['b', 'output-available', 2],
    ['n', 'output-error', undefined],
    ['a', 'output-available', 4],
  ])
  expect(partsOf(page).at(-1)).toMatchObject({ text: 'Done' })
})

it('shows no earlier result of a tool once it has the last one', async () => {
  const given = (output: number) => ({
    type: 'ui-chunk',
    transient: true,
    chunk: { type: 'tool-output-available', toolCallId: 'c', output, preliminary: true },
  })
  const respond = () => [
    { type: 'tool-call', toolCallId: 'c', toolName: 'find', input: {} },
    given(1),
    { type: 'tool-result', toolCallId: 'c', output: 2 },
    given(1),
    'Hello',
  ]
  const chat = chatOf({ respond: respond as never })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  expect(callsOf(page)).toEqual([['c', 'output-available', 2]])
  await expectKept(chat, page)
})

describe('a request that is refused', () => {
  const user = { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }

  it.each<[string, number, object]>([
    ['without a message', 400, {}],
    ['without messages', 400, { messages: [] }],
    ['with a message that is none', 400, { messages: [null] }],
    ['of AI SDK 4', 400, { messages: [{ id: 'm', role: 'user', content: 'Hi' }] }],
    ['with instructions', 422, { messages: [{ ...user, role: 'system' }] }],
    ['with an answer of its own', 404, { messages: [{ ...user, role: 'assistant' }] }],
    [
      'with a part that no page may send',
      422,
      { messages: [{ ...user, parts: [{ type: 'reasoning', text: 'a' }] }] },
    ],
    ['with nothing said', 400, { messages: [{ ...user, parts: [{ type: 'text', text: ' ' }] }] }],
    ['with a text that is none', 400, { messages: [{ ...user, parts: [{ type: 'text', text: 5 }] }] }],
    ['with too much', 413, { messages: [{ ...user, parts: [{ type: 'text', text: 'x'.repeat(600_000) }] }] }],
  ])('%s begins no chat', async (_, status, sent) => {
    const sessions = createSessions()
    let isAsked = false
    const chat = chatOf(
      {
        respond: () => {
          isAsked = true
          return 'Hello'
        },
      },
      sessions,
    )
    const response = await chat.handle(
      new Request('https://shop.example/api/chat', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id, ...sent }),
      }),
    )
    expect(response.status).toBe(status)
    expect(isAsked).toBe(false)
    expect(await sessions.for(alice).count()).toBe(0)
  })
})

describe('what JavaScript calls', () => {
  const loose = (value: unknown): never => value as never
  const sessions = createSessions()
  const identify = () => alice

  it.each<[string, () => unknown]>([
    ['options', () => createChat(loose(undefined))],
    ['options', () => createChat(loose(null))],
    ['model', () => createChat({ sessions, identify })],
    ['identify', () => createChat(loose({ sessions, respond: () => 'Hi' }))],
    ['tools', () => createChat({ sessions, identify, respond: () => 'Hi', tools: loose([]) })],
    ['tools.add', () => createChat({ sessions, identify, respond: () => 'Hi', tools: { add: loose(null) } })],
    ['message', () => fromUIMessage(loose(undefined))],
    ['message', () => fromUIMessage(loose({ id: 'm', role: 'user', content: 'Hi' }))],
    ['messages', () => fromResponse(loose(undefined))],
    ['history', () => toUIMessages(loose(undefined))],
    ['history', () => toUIMessages([loose(null)])],
    ['history', () => toUIMessages([loose({ role: 'user', content: 5 })])],
  ])('is refused with the path %s', async (path, make) => {
    await expect((async () => make())()).rejects.toMatchObject({ code: 'invalid', path })
  })
})

it('a page that goes on asking for new chats without a budget is refused, and no empty chat stays', async () => {
  const sessions = createSessions({ budgets: [{ scope: 'user', maxTokens: 2 }], onWarning: () => {} })
  const chat = chatOf({ model: modelOf(text('1', 'Hi')) }, sessions)
  const first = new ChatClient(chat, { id })
  await first.sendMessage({ text: 'Hi' })
  expect(first.error).toBeUndefined()
  for (const n of [1, 2, 3]) {
    const page = new ChatClient(chat, { id: `${id}-${n}` })
    await page.sendMessage({ text: 'Hi' })
    expect(page.error?.message).toContain('budget_exceeded')
  }
  expect((await sessions.for(alice).list()).items.map((item) => item.id)).toEqual([id])
})
