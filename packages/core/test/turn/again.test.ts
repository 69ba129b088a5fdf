import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type MessagePart, type SessionStore, textOf } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'
import { all, echo, fast, lines, opened } from './turns.js'

/** A service whose store counts its commits to sessions, and lets a test look in before one. */
function counting() {
  const inner = memoryStore()
  let commits = 0
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      if (ref.tenantId === 'acme') commits++
      return inner.commit(ref, change)
    },
  }
  const sessions = createSessions({ store, turns: fast })
  return { open: () => sessions.for(alice).open('one'), commits: () => commits }
}

describe('a message that is known', () => {
  it('is put on the active branch again, and answered anew, after a rewind', async () => {
    const session = await opened()
    const ask = (text: string) => session.turn({ id: 'm', content: 'Hi' }, () => text).result
    const first = await ask('one')
    await session.rewind(0)
    const second = await ask('two')
    expect(second).toMatchObject({ text: 'two', replayed: false })
    expect(second.message).toEqual(first.message)
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: two (completed)'])
    // Sent once more, it is a repeat of the turn that stands now.
    expect(await ask('three')).toMatchObject({ text: 'two', replayed: true })
    await session.rewind(0)
    expect(await ask('three')).toMatchObject({ text: 'three', replayed: false })
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: three (completed)'])
    const { messages } = await session.context({ maxTokens: 1000 })
    expect(messages.map(({ content }) => content)).toEqual(['Hi', 'three'])
  })

  it('is put there in one commit, also by its key', async () => {
    const { open, commits } = counting()
    const session = await open()
    await session.append({ role: 'user', content: 'Before' })
    for (const [input, options] of [
      [{ id: 'm', content: 'Hi' }, {}],
      ['Hi', { key: 'k' }],
    ] as const) {
      const first = await session.turn(input, () => 'one', options).result
      await session.rewind(1)
      const before = commits()
      const again = session.turn(input, () => 'two', options)
      await again.started
      expect(commits() - before).toBe(1)
      expect((await again.result).message).toEqual(first.message)
      await session.rewind(1)
    }
    const [one, two] = [
      await session.turn('Hi', echo, { key: 'a' }).result,
      await session.turn('Hi', echo, { key: 'b' }).result,
    ]
    expect([one.replayed, two.replayed]).toEqual([false, false])
    expect(one.message.id).toMatch(/^k-[\w-]{24}$/)
    expect(two.message.id).not.toBe(one.message.id)
  })

  it('is answered where it is said again, when the conversation went on without it', async () => {
    const session = await opened()
    await session.turn({ id: 'm', content: 'Hi' }, () => 'one').result
    await session.rewind(0)
    await session.turn('Other', () => 'two').result
    const again = await session.turn({ id: 'm', content: 'Hi' }, () => 'three').result
    // It is a copy of the message, for the first one has others after it.
    expect(again).toMatchObject({ text: 'three', replayed: false, message: { id: 'm', seq: 5 } })
    expect(await lines(session)).toEqual([
      'user: Other (completed)',
      'assistant: two (completed)',
      'user: Hi (completed)',
      'assistant: three (completed)',
    ])
    const repeat = await session.turn({ id: 'm', content: 'Hi' }, () => 'four').result
    expect(repeat).toMatchObject({ text: 'three', replayed: true })
    expect(await lines(session)).toHaveLength(4)
  })

  it('is on the branch again after an append, alone or among new ones, in their order', async () => {
    const texts = async (session: Awaited<ReturnType<typeof opened>>) =>
      (await session.history()).messages.map(({ id, content }) => `${id} ${content as string}`)
    const message = (id: string) => ({ id, role: 'user' as const, content: `say ${id}` })
    const session = await opened()
    await session.append([message('a'), message('b'), message('c')])
    await session.rewind(1)
    expect(await session.append(message('b'))).toMatchObject([{ id: 'b', inserted: false }])
    expect(await texts(session)).toEqual(['a say a', 'b say b'])
    await session.append(message('b'))
    expect(await texts(session)).toEqual(['a say a', 'b say b'])
    await session.rewind(0)
    await session.append([message('b'), message('d'), message('c')])
    expect(await texts(session)).toEqual(['b say b', 'd say d', 'c say c'])
    await session.append([message('b'), message('d'), message('c')])
    expect(await texts(session)).toEqual(['b say b', 'd say d', 'c say c'])
    await session.append(message('a'))
    expect(await texts(session)).toEqual(['b say b', 'd say d', 'c say c', 'a say a'])
    const { messages } = await session.context({ maxTokens: 1000 })
    expect(messages.map(({ content }) => content)).toEqual(['say b', 'say d', 'say c', 'say a'])
  })
})

describe('from', () => {
  it('goes back and answers anew in one commit, with the same id', async () => {
    const { open, commits } = counting()
    const session = await open()
    await session.turn({ id: 'a', content: 'first' }, echo).result
    const { message } = await session.turn({ id: 'm', content: 'Hi' }, () => 'one').result
    const before = commits()
    const turn = session.turn({ id: 'm', content: 'Hi' }, () => 'two', { from: message.seq - 1 })
    await turn.started
    expect(commits() - before).toBe(1)
    expect(await turn.result).toMatchObject({
      text: 'two',
      replayed: false,
      message: { id: 'm', seq: message.seq },
    })
    expect(commits() - before).toBe(2)
    expect((await lines(session)).slice(2)).toEqual(['user: Hi (completed)', 'assistant: two (completed)'])
    const [branch] = await session.branches()
    await session.switchBranch(branch!.id)
    expect((await lines(session)).slice(2)).toEqual(['user: Hi (completed)', 'assistant: one (completed)'])
  })

  it('edits a message by its place, however often, and after a reset', async () => {
    const session = await opened()
    for (const start of ['', 'reset']) {
      if (start !== '') await session.reset()
      const id = `m${start}`
      let { seq } = (await session.turn({ id, content: 'first' }, echo).result).message
      await session.turn('next', echo).result
      for (const content of ['second', 'third', 'third', 'fourth']) {
        const { message, text } = await session.turn({ id, content }, echo, { from: seq - 1 }).result
        expect([message.id, text]).toEqual([id, `You said ${content}`])
        expect(await lines(session)).toEqual([
          `user: ${content} (completed)`,
          `assistant: You said ${content} (completed)`,
        ])
        seq = message.seq
      }
    }
    // A page that has not heard of the edit goes back to nothing that it does not see.
    const { message } = await session.turn({ id: 'n', content: 'Ho' }, echo, { from: 0 }).result
    for (const id of [undefined, 'mreset', 'new']) {
      const late = session.turn(
        { content: 'Hu', ...(id === undefined ? {} : { id }) },
        () => expect.fail('asked'),
        { from: message.seq - 1 },
      )
      await expect(late.result).rejects.toMatchObject({ code: 'invalid', path: 'from' })
    }
    expect(await lines(session)).toHaveLength(2)
  })

  it('edits a message as often as one likes, however many have followed it', async () => {
    const session = await opened()
    const ask = (content: string, from?: number) =>
      session.turn({ id: 'm', content }, echo, from === undefined ? {} : { from }).result
    await ask('first')
    const many = Array.from({ length: 1100 }, (_, n) => ({ role: 'user' as const, content: `${n}` }))
    await session.append(many)
    for (const content of ['second', 'third', 'second', 'first']) {
      expect((await ask(content, 0)).text).toBe(`You said ${content}`)
      expect(await lines(session)).toHaveLength(2)
    }
    await session.rewind(0)
    expect((await ask('fourth')).message).toMatchObject({ id: 'm', content: 'fourth' })
    expect(await codeOf(ask('fifth'))).toBe('key_reused')
  })

  it('takes other words for the message of an id', async () => {
    const { open, commits } = counting()
    const session = await open()
    for (const content of ['Hi', 'Hello', 'Hi', 'Good day']) {
      const before = commits()
      const turn = session.turn({ id: 'm', content }, echo, { from: 0 })
      await turn.started
      expect(commits() - before).toBeLessThanOrEqual(2)
      expect(await turn.result).toMatchObject({ text: `You said ${content}`, message: { id: 'm', content } })
      expect(await lines(session)).toEqual([
        `user: ${content} (completed)`,
        `assistant: You said ${content} (completed)`,
      ])
    }
    expect((await session.history()).messages[0]!.id).toBe('m')
    // Without it, an id is one message.
    expect(await codeOf(session.turn({ id: 'm', content: 'Ho' }, echo).result)).toBe('key_reused')
  })

  it('stores nothing and leaves the conversation where it was when the turn is refused', async () => {
    const session = await service({ turns: fast, budgets: [{ scope: 'session', maxTokens: 1 }] })
      .for(alice)
      .create()
    const spend = () => ['one', { type: 'usage' as const, inputTokens: 5 }]
    const { message } = await session.turn({ id: 'm', content: 'Hi' }, spend).result
    const before = await lines(session)
    const refused = [
      [codeOf(session.turn({ id: 'm', content: 'Hi' }, echo, { from: 0 }).result), 'budget_exceeded'],
      [codeOf(session.turn('x', echo, { from: 99 }).result), 'invalid'],
      [codeOf(session.turn('x', echo, { from: -1 }).result), 'invalid'],
      [codeOf(session.turn('x', echo, { from: 0.5 }).result), 'invalid'],
      [codeOf(session.turn(' ', echo, { from: 0 }).result), 'invalid'],
    ] as const
    for (const [code, expected] of refused) expect(await code).toBe(expected)
    expect(await lines(session)).toEqual(before)
    expect(await session.branches()).toEqual([])
    expect(message.id).toBe('m')
  })

  it('is one turn for one key, however often it is sent', async () => {
    const session = await opened()
    await session.turn({ id: 'm', content: 'Hi' }, () => 'one').result
    let asked = 0
    const again = () =>
      session.turn({ id: 'm', content: 'Hi' }, () => `again ${++asked}`, { from: 0, key: 'k' })
    const [first, second] = await Promise.all([again(), again()].map((turn) => turn.result))
    expect([first!.text, second!.text]).toEqual(['again 1', 'again 1'])
    expect(asked).toBe(1)
    expect(await lines(session)).toHaveLength(2)
    expect(await session.branches()).toHaveLength(1)
  })
})

describe('a turn without a new message', () => {
  it('answers the newest one anew, after what from keeps', async () => {
    const session = await opened()
    const { message } = await session.turn('Hi', () => 'one').result
    const turn = session.turn(undefined, ({ input }) => `two to ${input as string}`, { from: message.seq })
    expect((await all(turn)).map(({ type }) => type)).toEqual(['started', 'text', 'completed'])
    expect(await turn.result).toMatchObject({ text: 'two to Hi', message: { seq: message.seq } })
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: two to Hi (completed)'])
  })

  it('answers a message that was appended, and goes on after an answer', async () => {
    const session = await opened()
    await session.append({ role: 'user', content: 'Hi' })
    await session.turn(undefined, async ({ context }) => {
      const { messages } = await context({ maxTokens: 1000 })
      return messages.map(({ content }) => content as string).join()
    }).result
    expect(await session.turn(undefined, () => ' and so on').result).toMatchObject({ text: ' and so on' })
    expect(await lines(session)).toEqual([
      'user: Hi (completed)',
      'assistant: Hi (completed)',
      'assistant:  and so on (completed)',
    ])
  })

  it('is refused where nothing was said, and is one turn for one key', async () => {
    const session = await opened()
    expect(await codeOf(session.turn(undefined, echo).result)).toBe('invalid')
    await session.append({ role: 'user', content: 'Hi' })
    let asked = 0
    const ask = () => session.turn(undefined, () => `answer ${++asked}`, { key: 'k' }).result
    expect(await ask()).toMatchObject({ text: 'answer 1', replayed: false })
    expect(await ask()).toMatchObject({ text: 'answer 1', replayed: true })
    expect(await lines(session)).toHaveLength(2)
  })

  it('goes on after what a tool of the client gave back, or a person allowed', async () => {
    const call: MessagePart = { type: 'tool-call', toolCallId: 'c', toolName: 'locate', input: {} }
    const request: MessagePart = { type: 'tool-approval-request', approvalId: 'a', toolCallId: 'c' }
    for (const [asked, answer] of [
      [[call], { type: 'tool-result', toolCallId: 'c', toolName: 'locate', output: 'Graz' }],
      [[call, request], { type: 'tool-approval-response', approvalId: 'a', approved: true }],
    ] as const) {
      const session = await opened()
      await session.turn('Where am I?', () => asked).result
      const result = await session.turn(
        { role: 'tool', id: 'r', content: [answer] },
        async ({ context, input }) => {
          expect(input).toEqual([answer])
          const { messages, report } = await context({ maxTokens: 1000 })
          expect(report.repairs).toEqual([])
          expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
          expect(messages[2]!.content).toEqual([answer])
          return 'There'
        },
      ).result
      expect(result).toMatchObject({ status: 'completed', text: 'There', message: { role: 'tool', id: 'r' } })
      const history = (await session.history()).messages
      expect(history.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
      expect(textOf(history.at(-1)!)).toBe('There')
    }
  })

  it('waits for the client, or a person, where an answer calls a tool of the turn beside', async () => {
    const call = (toolCallId: string, toolName: string): MessagePart => ({
      type: 'tool-call',
      toolCallId,
      toolName,
      input: {},
    })
    const request: MessagePart = { type: 'tool-approval-request', approvalId: 'a', toolCallId: 'c' }
    const ran: string[] = []
    const tools = {
      look: { execute: () => String(ran.push('look')) },
      pay: { execute: () => String(ran.push('pay')) },
    }
    for (const [asked, answer] of [
      [[call('c', 'locate')], { type: 'tool-result', toolCallId: 'c', toolName: 'locate', output: 'Graz' }],
      [[call('c', 'pay'), request], { type: 'tool-approval-response', approvalId: 'a', approved: true }],
    ] as const) {
      const session = await opened()
      ran.length = 0
      const first = await session.turn('Go', () => [...asked, call('d', 'look')], { tools }).result
      expect([first.status, first.text, ran]).toEqual(['completed', '', ['look']])
      const second = await session.turn(
        { role: 'tool', content: [answer] },
        async ({ context }) => {
          const { messages, report } = await context({ maxTokens: 1000 })
          expect(report.repairs.map(({ why }) => why)).not.toContain('interrupted-call')
          expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
          return 'There'
        },
        { tools },
      ).result
      expect(second.cause).toBeUndefined()
      expect([second.status, second.text, ran]).toEqual(['completed', 'There', ['look']])
    }
  })
})
