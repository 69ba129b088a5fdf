import { createSessions, memoryStore, type MessageInput, type Sessions } from '@sessions/core'
import { tool, type ToolSet, type UIMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ChatOptions } from '../src/index.js'
import { ChatClient } from './chat-client.js'
import { alice, chatOf, expectKept, id, partsOf } from './chat-of.js'
import { call, modelOf, text } from './models.js'

const textsOf = (messages: readonly UIMessage[]) =>
  messages.map(({ parts }) => parts.flatMap((part) => ('text' in part ? [part.text] : [])).join())

/** A chat with a long history, and a page that shows it: `u0 a0 u1 a1 …`. */
async function long(rounds: number, options: Partial<ChatOptions> = {}) {
  const sessions = createSessions()
  const session = await sessions.for(alice).open(id)
  const said = Array.from({ length: rounds }, (_, n): MessageInput[] => [
    { id: `u${n}`, role: 'user', content: `question ${n}` },
    { id: `a${n}`, role: 'assistant', content: `answer ${n}` },
  ])
  await session.append(said.flat())
  const chat = chatOf({ model: modelOf(text('0', 'New.')), ...options }, sessions)
  const page = new ChatClient(chat, { id, messages: await chat.messages(alice, id) })
  return { chat, page, session }
}

describe('in a long chat', () => {
  // History is read by a hundred messages: these begin the last hundred, stand before it, and are the first of all.
  it.each([2, 1, 0])('round %s of 52 is edited, and all before it stays', async (round) => {
    const { chat, page } = await long(52)
    await page.sendMessage({ text: 'edited', messageId: `u${round}` })
    expect(page.messages).toHaveLength(2 * round + 2)
    expect(textsOf(page.messages).slice(-3)).toEqual([
      ...(round === 0 ? [] : [`answer ${round - 1}`]),
      'edited',
      'New.',
    ])
    await expectKept(chat, page)
  })

  it.each([2, 1])('round %s is answered again, and all before it stays', async (round) => {
    const { chat, page } = await long(52)
    await page.regenerate({ messageId: `a${round}` })
    expect(textsOf(page.messages).slice(2 * round)).toEqual([`question ${round}`, 'New.'])
    await expectKept(chat, page)
  })

  it('a message of the user is answered again, and none that the chat does not have', async () => {
    const { chat, page, session } = await long(5)
    await page.regenerate({ messageId: 'u1' })
    expect(textsOf(page.messages)).toEqual(['question 0', 'answer 0', 'question 1', 'New.'])
    await expectKept(chat, page)
    const send = (body: object) =>
      chat.handle(
        new Request('https://shop.example/api/chat', {
          method: 'POST',
          headers: { 'content-type': 'application/json', user: 'alice' },
          body: JSON.stringify({ id, ...body }),
        }),
      )
    expect((await send({ trigger: 'regenerate-message', messageId: 'nobody' })).status).toBe(404)
    expect(textsOf(await chat.messages(alice, id))).toEqual(textsOf(page.messages))
    // What failed before its first word is on the page alone.
    await session.append({ id: 'late', role: 'user', content: 'and now?' })
    const answered = await send({ trigger: 'regenerate-message', messageId: 'late.r1' })
    expect([answered.status, (await answered.text()).includes('"delta":"New."')]).toEqual([200, true])
  })
})

const confirm = tool({ inputSchema: z.object({ why: z.string().optional() }) })
const pay = tool({
  inputSchema: z.object({ why: z.string().optional() }),
  needsApproval: true,
  execute: () => 'paid',
})
const tools = { confirm, pay } as object as ToolSet

describe('what a page answers to a call', () => {
  type Calls = Parameters<typeof modelOf>
  async function asked(sessions: Sessions, ...answers: Calls) {
    const model = modelOf(...answers)
    const chat = chatOf({ model, tools }, sessions)
    const page = new ChatClient(chat, { id })
    await page.sendMessage({ text: 'Pay' })
    const told = () => JSON.stringify(model.doStreamCalls.at(-1)!.prompt)
    return { chat, page, told }
  }
  const answersOf = async (sessions: Sessions) =>
    (await (await sessions.for(alice).get(id)).allMessages())
      .filter(({ role }) => role === 'tool')
      .map(({ content }) => content)

  it('may be that it failed', async () => {
    const sessions = createSessions()
    const { chat, page, told } = await asked(sessions, call('c1', 'confirm', {}), text('0', 'A pity.'))
    await page.addToolOutput({
      tool: 'confirm',
      toolCallId: 'c1',
      state: 'output-error',
      errorText: 'the window is closed',
    })
    await page.sendMessage()
    expect(told()).toContain('the window is closed')
    expect(partsOf(page)).toContainEqual(
      expect.objectContaining({
        type: 'tool-confirm',
        state: 'output-error',
        errorText: 'the window is closed',
      }),
    )
    await expectKept(chat, page)
  })

  it('counts once, for the calls of the newest answer that wait for it, and for no other tool', async () => {
    const sessions = createSessions()
    const { chat, page } = await asked(
      sessions,
      [...call('c1', 'confirm', {}), ...call('c2', 'pay', {})],
      call('c3', 'confirm', {}),
      text('0', 'Done.'),
    )
    const shown = structuredClone(page.messages.at(-1)!)
    const answer = async (...parts: object[]) => {
      const message = { ...shown, id: page.messages.at(-1)!.id, parts } as UIMessage
      const known = page.messages
      page.messages = [...known.slice(0, -1), message]
      await page.sendMessage()
      page.messages = known
      return page.error?.message
    }
    const said = (toolCallId: string, name: string, output: string) => ({
      type: `tool-${name}`,
      toolCallId,
      state: 'output-available',
      input: {},
      output,
    })
    const approval = { id: 'made-up', approved: true }
    const approved = (toolCallId: string, name: string) => ({
      type: `tool-${name}`,
      toolCallId,
      state: 'approval-responded',
      input: {},
      approval,
    })
    // No call, no call of the page, none that was asked about.
    await answer(said('c9', 'confirm', 'forged'))
    await answer(said('c2', 'pay', 'forged'), said('c2', 'confirm', 'forged'))
    await answer(approved('c1', 'confirm'), approved('c9', 'pay'), { type: 'text', text: 'forged' })
    expect(await answersOf(sessions)).toEqual([])
    expect(JSON.stringify(await chat.messages(alice, id))).not.toContain('forged')
  })

  it('is taken once, and not for an earlier answer', async () => {
    const sessions = createSessions()
    const { chat, page } = await asked(sessions, call('c1', 'confirm', {}), text('0', 'Done.'))
    const earlier = structuredClone(page.messages)
    await page.addToolOutput({ tool: 'confirm', toolCallId: 'c1', output: 'yes' })
    await page.sendMessage()
    const taken = await answersOf(sessions)
    expect(taken).toEqual([[{ type: 'tool-result', toolCallId: 'c1', toolName: 'confirm', output: 'yes' }]])
    const other = new ChatClient(chat, { id, messages: earlier })
    await other.addToolOutput({ tool: 'confirm', toolCallId: 'c1', output: 'no' })
    await other.sendMessage()
    await page.sendMessage({ text: 'Next' })
    const last = new ChatClient(chat, { id, messages: structuredClone(earlier) })
    await last.addToolOutput({ tool: 'confirm', toolCallId: 'c1', output: 'no' })
    await last.sendMessage()
    expect(await answersOf(sessions)).toEqual(taken)
  })
})

describe('a page that answers what another page has answered', () => {
  async function pages(...answers: Parameters<typeof modelOf>) {
    let paid = 0
    let enter = (): void => {}
    let pass = (): void => {}
    const entered = new Promise<void>((resolve) => (enter = resolve))
    const passed = new Promise<void>((resolve) => (pass = resolve))
    const execute = async () => (paid++, enter(), await passed, 'paid')
    const slow = {
      pay: tool({ inputSchema: z.object({}), needsApproval: true, execute }),
    } as object as ToolSet
    const model = modelOf(call('c1', 'pay', {}), ...answers)
    const store = memoryStore()
    const made = () => chatOf({ model, tools: slow }, createSessions({ store, onWarning: () => {} }))
    const [one, two] = [made(), made()]
    const page = new ChatClient(one, { id })
    await page.sendMessage({ text: 'Pay' })
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const handle: typeof two.handle = async (...request) => {
      const response = await two.handle(...request)
      begin()
      return response
    }
    const other = new ChatClient({ handle }, { id, messages: structuredClone(page.messages) })
    const asked = partsOf(page).at(-1) as { approval: { id: string } }
    const approve = async (by: ChatClient, approved = true) => {
      await by.addToolApprovalResponse({ id: asked.approval.id, approved })
      await by.sendMessage()
    }
    return { one, page, other, approve, begun, model, entered, pass, paid: () => paid }
  }

  it('at the same moment, in another process: the tool runs once, and both pages show it', async () => {
    const { one, page, other, approve, model, entered, pass, paid } = await pages(text('0', 'Done.'))
    const both = [approve(page), approve(other)]
    await entered
    pass()
    await Promise.all(both)
    expect([paid(), model.doStreamCalls.length]).toEqual([1, 2])
    for (const each of [page, other]) await expectKept(one, each)
  })

  it('while the tool runs: nothing is stopped, and nothing is done again', async () => {
    const { one, page, other, approve, begun, model, entered, pass, paid } = await pages(text('0', 'Done.'))
    const first = approve(page)
    await entered
    const second = approve(other)
    await begun
    pass()
    await Promise.all([first, second])
    expect([paid(), model.doStreamCalls.length]).toEqual([1, 2])
    for (const each of [page, other]) await expectKept(one, each)
  })

  it('late: it gets the answer that was given, and goes on where that one broke off', async () => {
    const { one, page, other, approve, model, pass, paid } = await pages(
      text('0', 'Done.'),
      text('0', 'More.'),
    )
    pass()
    await approve(page)
    const before = await one.messages(alice, id)
    await approve(other)
    expect([paid(), model.doStreamCalls.length]).toEqual([1, 2])
    expect(await one.messages(alice, id)).toEqual(before)
    // A page that has seen all of it, and sends it, wants more.
    await page.sendMessage()
    expect([paid(), model.doStreamCalls.length]).toEqual([1, 3])
    await page.sendMessage({ text: 'Next' })
    await other.sendMessage()
    expect(other.error?.message).toContain('went on elsewhere')
    expect(model.doStreamCalls).toHaveLength(4)
  })

  it('while the tool runs, and with another word: it is refused, and the first word counts', async () => {
    const { one, page, other, approve, begun, entered, pass, paid } = await pages(text('0', 'Done.'))
    const first = approve(page)
    await entered
    const second = approve(other, false)
    await begun
    pass()
    await Promise.all([first, second])
    expect(paid()).toBe(1)
    expect(page.error).toBeUndefined()
    expect(other.error?.message).toContain('decided otherwise')
    await expectKept(one, page)
  })

  it('at the same moment, and with another word: it is refused, and the first word counts', async () => {
    const { one, page, other, approve, entered, pass, paid } = await pages(text('0', 'Done.'))
    const both = Promise.all([approve(page), approve(other, false)])
    // Either word may be the first.
    await Promise.race([entered, both])
    pass()
    await both
    const isPaid = page.error === undefined
    const [first, second] = isPaid ? [page, other] : [other, page]
    expect(paid()).toBe(isPaid ? 1 : 0)
    expect(first.error).toBeUndefined()
    // It may have looked before the first word was stored, or after.
    expect(second.error?.message).toMatch(/key_reused|decided otherwise/)
    await expectKept(one, first)
  })

  it('late, and with another word: it is refused', async () => {
    const { one, page, other, approve, pass, paid } = await pages(text('0', 'Done.'))
    pass()
    await approve(page)
    await approve(other, false)
    expect(other.error?.message).toContain('decided otherwise')
    expect(paid()).toBe(1)
    await expectKept(one, page)
  })
})

it('a message takes the place of the answer that is being written', async () => {
  let entered = (): void => {}
  const writing = new Promise<void>((resolve) => (entered = resolve))
  const respond: ChatOptions['respond'] = async function* ({ input, signal }) {
    yield `to ${JSON.stringify(input)}`
    if (input !== 'first' && JSON.stringify(input).includes('first')) {
      entered()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
  }
  const chat = chatOf({ respond })
  const page = new ChatClient(chat, { id })
  const sending = page.sendMessage({ text: 'first' })
  await writing
  const other = new ChatClient(chat, { id, messages: await chat.messages(alice, id) })
  await other.sendMessage({ text: 'second' })
  expect(other.error).toBeUndefined()
  await sending
  const statuses = textsOf(await chat.messages(alice, id))
  expect(statuses).toHaveLength(4)
  expect([statuses[0], statuses[2]]).toEqual(['first', 'second'])
})

describe('the model is told', () => {
  it.each<[string, ChatOptions['system'], string[]]>([
    ['no instructions', undefined, []],
    ['instructions', 'Be brief.', ['Be brief.']],
    ['instructions that are made for the turn', ({ session }) => `For ${session.id}.`, [`For ${id}.`]],
  ])('%s', async (_, system, expected) => {
    const model = modelOf(text('0', 'Hello.'))
    await new ChatClient(chatOf({ model, system }), { id }).sendMessage({ text: 'Hi' })
    const told = model.doStreamCalls[0]!.prompt.filter(({ role }) => role === 'system')
    expect(told.map(({ content }) => content)).toEqual(expected)
  })

  it('of the tools of the turn, with what they take', async () => {
    const model = modelOf(text('0', 'Hello.'))
    const inputSchema = { type: 'object', properties: { sku: { type: 'string' } } } as const
    const turnTools: ChatOptions['turnTools'] = {
      find: { description: 'Finds a thing', inputSchema, execute: () => 'found' },
      list: { execute: () => [] },
    }
    await new ChatClient(chatOf({ model, turnTools }), { id }).sendMessage({ text: 'Hi' })
    expect(model.doStreamCalls[0]!.tools).toMatchObject([
      { name: 'find', description: 'Finds a thing', inputSchema },
      { name: 'list', inputSchema: { type: 'object' } },
    ])
    expect(model.doStreamCalls[0]!.tools![1]).not.toHaveProperty('description', expect.anything())
  })
})

it('a model that breaks off has failed, and what it said so far is kept', async () => {
  const broken = { type: 'error', error: new Error('secret') }
  const chat = chatOf({ model: modelOf([...text('0', 'Half.'), broken, ...text('1', 'More.')]) })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  expect(page.error?.message).toBe('The model failed.')
  expect(textsOf(await chat.messages(alice, id))).toEqual(['Hi', 'Half.'])
})

it('shows what a tool gives before it is done, and keeps what it gave at last', async () => {
  const counting = tool({
    inputSchema: z.object({}),
    async *execute() {
      yield 'begun'
      yield 'done'
    },
  })
  const chat = chatOf({ model: modelOf(call('c', 'counting', {}), text('1', 'So.')), tools: { counting } })
  const response = await chat.handle(
    new Request('https://shop.example/api/chat', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, message: { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hi' }] } }),
    }),
  )
  expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1')
  const chunks = (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>)
  expect(chunks.filter(({ type }) => String(type).startsWith('tool-'))).toMatchObject([
    { type: 'tool-input-start', toolCallId: 'c', toolName: 'counting' },
    { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '{}' },
    { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '' },
    { type: 'tool-input-available', toolCallId: 'c', toolName: 'counting', input: {} },
    { type: 'tool-output-available', toolCallId: 'c', output: 'begun', preliminary: true },
    { type: 'tool-output-available', toolCallId: 'c', output: 'done', preliminary: true },
    { type: 'tool-output-available', toolCallId: 'c', output: 'done' },
  ])
})
