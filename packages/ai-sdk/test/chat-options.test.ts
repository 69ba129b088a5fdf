import { createSessions, memoryStore, SessionError, type SessionStore, type Sessions } from '@sessions/core'
import * as ai from 'ai'
import { dynamicTool, tool, type ToolSet, type UIMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChatOptions, createChat, respondWith } from '../src/index.js'
import { alice, chatOf, id } from './chat-of.js'
import { call, modelOf, type Piece, text } from './models.js'

const none = z.object({})
const said = (words: string, more: object = {}) => ({
  id: 'm1',
  role: 'user',
  parts: [{ type: 'text', text: words }],
  ...more,
})

/** Asks a chat as a page does; its status, and the chunks or the problem that it answers. */
async function ask(chat: ReturnType<typeof chatOf>, body: object | undefined, path = '/chat') {
  const response = await chat.handle(
    new Request(`https://shop.example/api${path}`, {
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify({ id, ...body }) }),
    }),
  )
  const words = await response.text()
  const chunks = words
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>)
  const problem = chunks.length > 0 || words === '' ? {} : (JSON.parse(words) as Record<string, unknown>)
  return { status: response.status, chunks, code: problem['code'], detail: problem['detail'] }
}

describe('a chat is refused', () => {
  const sessions = createSessions()
  const wrong: [string, string, unknown][] = [
    ['options', 'options must be an object', null],
    ['options', 'options must be an object', 'model'],
    ['model', 'model is missing: nothing would answer; pass it, or respond', {}],
    ['tools', 'tools must be an object', { model: 'm', tools: null }],
    ['tools', 'tools must be an object', { model: 'm', tools: 5 }],
    ['tools', 'tools must be an object', { model: 'm', tools: [] }],
    ['tools.pay', 'tools.pay is no tool', { model: 'm', tools: { pay: null } }],
    ['tools.pay', 'tools.pay is no tool', { model: 'm', tools: { pay: () => 1 } }],
  ]
  it.each(wrong)('%s: %s', (path, message, options) => {
    const given =
      typeof options === 'object' && options !== null
        ? { sessions, identify: () => alice, ...options }
        : options
    expect(() => createChat(given as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path, message }),
    )
  })
})

describe('a page', () => {
  it('begins a chat by an id that nobody guesses, and by no shorter one', async () => {
    const sessions = createSessions()
    const chat = chatOf({ model: modelOf(text('0', 'Hello.')) }, sessions)
    const [short, long] = ['x'.repeat(15), 'x'.repeat(16)]
    const refused = await ask(chat, { id: short, message: said('Hi') })
    expect(refused).toMatchObject({
      status: 404,
      code: 'not_found',
      detail: expect.stringContaining('an id of 16 characters or more') as string,
    })
    expect((await ask(chat, { id: long, message: said('Hi') })).status).toBe(200)
    expect((await ask(chat, undefined, `/chat/${'y'.repeat(20)}/stream`)).status).toBe(204)
    expect((await sessions.for(alice).list()).items.map((item) => item.id)).toEqual([long])
    expect(await chat.messages(alice, 'nobody')).toEqual([])
  })

  it('may send data of any type, and no other part that is unknown', async () => {
    const sessions = createSessions()
    const chat = chatOf({ model: modelOf(text('0', 'Hello.')) }, sessions)
    const parts = [{ type: 'data-order', data: { sku: 'a' } }]
    const sent = said('Hi', { parts: [...said('Hi').parts, ...parts] })
    expect((await ask(chat, { message: sent })).status).toBe(200)
    expect((await chat.messages(alice, id))[0]!.parts).toContainEqual(parts[0])
    const odd = said('Hi', { id: 'm2', parts: [...parts, { type: 'custom', data: 1 }] })
    expect(await ask(chat, { message: odd })).toMatchObject({ status: 422, code: 'unprocessable' })
  })

  it('repeats a message without changing what came after it', async () => {
    const model = modelOf(text('0', 'One.'), text('0', 'Two.'), text('0', 'Three.'))
    const chat = chatOf({ model })
    await ask(chat, { message: said('first') })
    await ask(chat, { message: said('second', { id: 'm2' }) })
    const before = await chat.messages(alice, id)
    const again = await ask(chat, { message: said('first') })
    expect(again.status).toBe(200)
    expect([await chat.messages(alice, id), model.doStreamCalls.length]).toEqual([before, 2])
  })

  it('hears what is wrong, and never of an error that is none', async () => {
    const sessions = createSessions()
    await sessions.for(alice).open(id)
    const chat = chatOf({ model: modelOf(text('0', 'Hello.')) }, sessions)
    const regenerate = { trigger: 'regenerate-message', messageId: 'nobody' }
    const answer = {
      id: 'a',
      role: 'assistant',
      parts: [{ type: 'tool-x', toolCallId: 'c', state: 'output-available', output: 1 }],
    }
    for (const body of [regenerate, { message: answer }]) {
      const { status } = await ask(chat, body)
      expect(status, JSON.stringify(body)).toBeLessThan(500)
    }
    await ask(chat, { message: said('Hi') })
    expect(await ask(chat, regenerate)).toMatchObject({
      status: 404,
      code: 'not_found',
      detail: 'The chat has no such message.',
    })
  })

  it('hears of a store that is away, before its answer begins and after', async () => {
    const inner = memoryStore()
    let isAway = false
    const away = () => Promise.reject(new SessionError('unavailable', 'away'))
    const store: SessionStore = {
      ...inner,
      read: async (...given) => (isAway ? away() : inner.read(...given)),
      messages: async (...given) => (isAway ? away() : inner.messages(...given)),
    }
    const sessions = createSessions({ store, onWarning: () => {} })
    const chat = chatOf({ model: modelOf(text('0', 'Hello.')) }, sessions)
    await ask(chat, { message: said('Hi') })
    isAway = true
    expect(await ask(chat, undefined, `/chat/${id}/stream`)).toMatchObject({
      status: 503,
      code: 'unavailable',
    })
  })
})

describe('what a page says of calls', () => {
  const confirm = tool({ inputSchema: none })
  const pay = tool({ inputSchema: none, needsApproval: true })
  const slow = tool({
    inputSchema: none,
    execute: (_, { abortSignal }) =>
      new Promise((_resolve, reject) =>
        abortSignal!.addEventListener('abort', () => reject(new Error('stopped'))),
      ),
  })
  const tools = { confirm, pay, slow } as object as ToolSet

  /** A chat whose model has called, and what a page may say of the calls. */
  async function called(pieces: Piece[], options: Partial<ChatOptions> = {}) {
    // A model that is told of an approval and of no result has nothing to say.
    const sessions: Sessions = createSessions({ onWarning: () => {} })
    const model = modelOf(pieces, text('0', 'So.'))
    const chat = chatOf({ model, tools, ...options }, sessions)
    await ask(chat, { message: said('Go') })
    const answer = async (...parts: object[]) => {
      const shown = (await chat.messages(alice, id)).at(-1)!
      return ask(chat, { message: { ...shown, parts } as UIMessage })
    }
    const kept = async () => {
      const all = await (await sessions.for(alice).get(id)).allMessages()
      return all.filter(({ role }) => role === 'tool').flatMap(({ content }) => content as readonly object[])
    }
    return { chat, model, answer, kept, sessions }
  }
  const output = (name: string, toolCallId = 'c1', more: object = {}) => ({
    type: `tool-${name}`,
    toolCallId,
    state: 'output-available',
    input: {},
    output: 'yes',
    ...more,
  })

  it('counts for tools that the page runs, as the application names them where they are made for a turn', async () => {
    const result = { type: 'tool-result', toolCallId: 'c1', toolName: 'confirm', output: 'yes' }
    const own = await called(call('c1', 'confirm', {}))
    expect((await own.answer(output('confirm', 'c1', { output: undefined }))).status).toBe(200)
    expect(await own.kept()).toEqual([{ ...result, output: null }])
    const named = await called(call('c1', 'confirm', {}), { tools: () => tools, clientTools: ['confirm'] })
    await named.answer(output('confirm'))
    expect(await named.kept()).toEqual([result])
    const unnamed = await called(call('c1', 'confirm', {}), { tools: () => tools })
    expect((await unnamed.answer(output('confirm'))).status).toBeLessThan(500)
    expect(await unnamed.kept()).toEqual([])
  })

  it('counts only in parts that are of tools, and with a state that says something', async () => {
    const { answer, kept } = await called(call('c1', 'confirm', {}))
    for (const part of [
      { ...output('confirm'), type: 'text', text: 'x' },
      output('confirm', 'c1', { state: 'input-available' }),
      output('confirm', 'c9'),
      output('confirm', 'c1', { state: 'approval-responded', approval: { id: 'x', approved: true } }),
      output('confirm', 'c9', { state: 'approval-responded', approval: { id: 'x', approved: true } }),
    ]) {
      expect((await answer(part)).status, JSON.stringify(part)).toBeLessThan(500)
      expect(await kept()).toEqual([])
    }
  })

  it('may be a yes or a no, with a reason in words, and then the output', async () => {
    const responded = (approval: object) => ({ ...output('pay'), state: 'approval-responded', approval })
    const yes = await called(call('c1', 'pay', {}), { clientTools: ['pay'] })
    await yes.answer(responded({ id: 'made-up', approved: true, reason: 5 }))
    expect(await yes.kept()).toEqual([
      { type: 'tool-approval-response', approvalId: expect.any(String) as string, approved: true },
    ])
    const no = await called(call('c1', 'pay', {}), { clientTools: ['pay'] })
    await no.answer(responded({ id: 'made-up', reason: 'too dear' }))
    expect((await no.kept())[0]).toMatchObject({ approved: false, reason: 'too dear' })
    const silent = await called(call('c1', 'pay', {}), { clientTools: ['pay'] })
    await silent.answer(responded(undefined as never))
    expect((await silent.kept())[0]).toMatchObject({ approved: false })
  })

  it('is no output of a tool that the SDK runs', async () => {
    const sessions = createSessions()
    const chat = chatOf({ model: modelOf(call('c1', 'slow', {}), text('0', 'So.')), tools }, sessions)
    const asking = ask(chat, { message: said('Go') })
    await expect.poll(async () => (await chat.messages(alice, id)).length).toBeGreaterThan(0)
    const session = await sessions.for(alice).get(id)
    await expect.poll(() => session.currentTurn()).toBeDefined()
    await ask(chat, {}, `/chat/${id}/stop`)
    await asking
    const shown = (await chat.messages(alice, id)).at(-1)!
    await ask(chat, { message: { ...shown, parts: [output('slow')] } })
    expect(JSON.stringify(await chat.messages(alice, id))).not.toContain('"yes"')
  })
})

describe('the parts of an answer', () => {
  /** What `respondWith` gives a turn, part by part. */
  async function partsOf(pieces: readonly Piece[][], options: Parameters<typeof respondWith>[1] = {}) {
    const parts: Record<string, unknown>[] = []
    const session = await createSessions({ onWarning: () => {} })
      .for(alice)
      .create()
    const respond = respondWith(modelOf(...pieces), options)
    const turn = session.turn('Hi', async function* (given) {
      for await (const part of respond(given) as AsyncIterable<Record<string, unknown>>) {
        parts.push(part)
        yield part
      }
    })
    await turn.result
    return parts
  }
  const only = (parts: readonly Record<string, unknown>[], kind: RegExp) =>
    parts.filter(({ type }) => kind.test(String(type)))

  it('tell texts and thoughts apart, though a model uses their ids again', async () => {
    const thought = (type: string, more: object = {}) => ({ type: `reasoning-${type}`, id: '0', ...more })
    const parts = await partsOf([
      [
        thought('start'),
        { type: 'text-start', id: '0' },
        thought('delta', { delta: 'hm' }),
        { type: 'text-delta', id: '0', delta: 'Hel' },
        { type: 'text-end', id: '0' },
        thought('end'),
        ...text('0', 'lo'),
      ],
    ])
    expect(
      only(parts, /^(text|reasoning)/).map(({ type, id: at, text: words, state }) => [
        type,
        at,
        words,
        state,
      ]),
    ).toEqual([
      ['reasoning-start', '0', undefined, undefined],
      ['text-start', '1', undefined, undefined],
      ['reasoning-delta', '0', 'hm', undefined],
      ['text-delta', '1', 'Hel', undefined],
      ['text', '1', '', 'done'],
      ['reasoning', '0', '', 'done'],
      ['text-start', '2', undefined, undefined],
      ['text-delta', '2', 'lo', undefined],
      ['text', '2', '', 'done'],
    ])
  })

  it('say of a call whether its tool is known', async () => {
    const known = tool({ inputSchema: none, execute: () => 'done' })
    const loose = dynamicTool({ inputSchema: none, execute: async () => 'done' })
    const calls = [...call('a', 'known', {}), ...call('b', 'loose', {}), ...call('c', 'toString', {})]
    const parts = await partsOf([calls, text('0', 'So.')], { tools: { known, loose } as object as ToolSet })
    const begun = only(parts, /^ui-chunk$/).filter(
      ({ chunk }) => (chunk as { type: string }).type === 'tool-input-start',
    )
    expect(begun).toMatchObject([
      { transient: true, chunk: { toolCallId: 'a' } },
      { transient: true, chunk: { toolCallId: 'b', dynamic: true } },
      { transient: true, chunk: { toolCallId: 'c', dynamic: true } },
    ])
    expect(begun[0]!['chunk']).not.toHaveProperty('dynamic', true)
    expect(only(parts, /^tool-call$/).map(({ dynamic }) => dynamic)).toEqual([undefined, true, true])
  })

  it('have what the application adds, and nothing where it adds nothing', async () => {
    const given = [undefined, null, { a: 1 }]
    let asked = 0
    const parts = await partsOf([text('0', 'Hi')], { messageMetadata: () => given[asked++ % 3] })
    const chunks = only(parts, /^ui-chunk$/)
    expect(chunks.length).toBe(Math.floor(asked / 3))
    expect(chunks[0]).toEqual({
      type: 'ui-chunk',
      chunk: { type: 'message-metadata', messageMetadata: { a: 1 } },
    })
  })

  it('are of data of the page as the application converts it', async () => {
    const model = modelOf(text('0', 'So.'))
    const session = await createSessions().for(alice).create()
    await session.append({
      role: 'user',
      content: [
        { type: 'data-order', data: { sku: 'a-7' } },
        { type: 'text', text: 'This' },
      ],
    })
    const convertDataPart = ({ data }: { data: unknown }) => ({
      type: 'text' as const,
      text: JSON.stringify(data),
    })
    await session.turn('Now?', respondWith(model, { convertDataPart })).result
    expect(JSON.stringify(model.doStreamCalls[0]!.prompt)).toContain('a-7')
  })
})

it('a page that comes later is told of an approval as its SDK knows it', async () => {
  const pay = tool({ inputSchema: none, needsApproval: true, execute: () => 'paid' })
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  let asked = 0
  const model = modelOf(call('c1', 'pay', {}), text('0', 'Done.'))
  const chat = chatOf({
    model: async () => {
      if (asked++ > 0) await gate
      return model
    },
    tools: { pay },
  })
  await ask(chat, { message: said('Pay') })
  const shown = (await chat.messages(alice, id)).at(-1)!
  const approved = {
    ...shown.parts.at(-1)!,
    state: 'approval-responded',
    approval: { id: 'x', approved: true },
  }
  const answering = ask(chat, { message: { ...shown, parts: [approved] } })
  await expect.poll(() => asked).toBe(2)
  const resumed = ask(chat, undefined, `/chat/${id}/stream`)
  setImmediate(go)
  const types = (await resumed).chunks.map(({ type }) => type)
  await answering
  expect(types[0]).toBe('start')
  const told = types.filter((type) => String(type).includes('approval'))
  expect(told).toEqual('toUIMessageStream' in ai ? ['tool-approval-request', 'tool-approval-response'] : [])
})
