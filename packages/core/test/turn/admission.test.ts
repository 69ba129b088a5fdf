import { expect, it } from 'vitest'
import { memoryStore, type MessageInput } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'
import { noUsage } from '../../src/turn/usage.js'
import { echo, fast, gated, lines } from './turns.js'

async function open(turns: object = {}) {
  const sessions = service({ store: memoryStore(), turns: { ...fast, ...turns }, onWarning: () => {} })
  const session = await sessions.for(alice).open('one')
  const told = (type: string) => sessions.events.filter((event) => event.type === type)
  return { session, told }
}

it('has a message wait as long as it may, and no longer', async () => {
  const { session } = await open({ queueMs: 40, policy: 'queue' })
  const { respond, begun, open: goOn } = gated('Hello')
  const running = session.turn('Hi', respond)
  await begun
  await expect(session.turn('too long', () => expect.fail('asked')).result).rejects.toMatchObject({
    code: 'turn_in_progress',
    retryAfterMs: 1000,
  })
  goOn()
  await running.result
  expect((await session.turn('again', echo).result).text).toBe('You said again')
  expect(await lines(session)).toHaveLength(4)
})

it.each([
  ['queue', 'completed'],
  ['interrupt', 'aborted'],
] as const)('does what the service says with a message that comes too early: %s', async (policy, status) => {
  const { session } = await open({ policy })
  const { respond, begun, open: goOn } = gated('Hello')
  const running = session.turn('Hi', respond)
  await begun
  const second = session.turn('and', echo)
  if (policy === 'queue') goOn()
  expect((await running.result).status).toBe(status)
  expect((await second.result).text).toBe('You said and')
  const refused = session.turn('Hi', () => 'once more', { policy: 'reject' })
  expect((await refused.result).text).toBe('once more')
})

it('tells of the message that it takes in, of going back, and of nothing that was there', async () => {
  const { session, told } = await open()
  await session.append({ id: 'm', role: 'user', content: 'Hi' })
  await session.turn({ id: 'm', content: 'Hi' }, echo).result
  expect(told('message.appended').map((event) => (event as { seq?: number }).seq)).toEqual([1, 2])
  await session.turn(undefined, echo, { from: 1 }).result
  expect(told('message.appended').map((event) => (event as { seq?: number }).seq)).toEqual([1, 2, 3])
  await session.reset()
  const { message } = await session.turn('Two phones', echo).result
  expect(told('message.appended').at(-2)).toMatchObject({
    messageId: message.id,
    seq: 4,
    role: 'user',
    tokens: message.tokens,
  })
  expect(told('session.rewound')).toHaveLength(1)
  await session.turn('Three phones', echo, { from: 4 }).result
  expect(told('session.rewound')).toMatchObject([{ toSeq: 1 }, { toSeq: 4 }])
})

it('gives the answer that a message in the log has, and makes none', async () => {
  const { session } = await open()
  await session.append([
    { id: 'm', role: 'user', content: 'Hi' },
    { id: 'm.r1', role: 'assistant', content: 'Hello' },
    { id: 'n', role: 'user', content: 'Bye' },
  ])
  const result = await session.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked')).result
  expect(result).toMatchObject({ text: 'Hello', replayed: true, message: { id: 'm', seq: 1 } })
  expect(await session.currentTurn()).toBeUndefined()
  expect(await lines(session)).toHaveLength(3)
  await session.rewind(2)
  const again = await session.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked')).result
  expect(again).toMatchObject({ text: 'Hello', replayed: true, message: { id: 'm', seq: 1 } })
  expect(await lines(session)).toHaveLength(2)
})

it('gives the newest of the answers that a message in the log has, whole, and nothing else', async () => {
  const { session } = await open()
  const said = (id: string, content: string, role: 'user' | 'assistant' = 'assistant') => ({
    id,
    role,
    content,
  })
  await session.append([
    said('m', 'Hi', 'user'),
    said('m.r1', 'Hello'),
    said('m.r12.1', 'Good '),
    said('m.r13', 'So?', 'user'),
    said('m.r12.11', 'old '),
    said('m.r12', 'day'),
    // These look like answers.
    said('m.r12a', 'a'),
    said('m.ra12', 'b'),
    said('m.r12.1.1', 'c'),
    said('m.r12.b', 'd'),
    said('n.r14', 'e'),
    said('xm.r15', 'f'),
    said('m.r14', 'g', 'user'),
  ])
  const ask = session.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked'))
  const { replies, text } = await ask.result
  expect(replies.map(({ id }) => id)).toEqual(['m.r12.1', 'm.r12.11', 'm.r12'])
  expect(text).toBe('day')
})

it('reuses no answer for a turn that goes back, that insists on a revision, or that asks nothing', async () => {
  const { session } = await open()
  const reuse = { ttlMs: 60_000 }
  let asked = 0
  const ask = (options: object, input: string | undefined = 'Which phone?') =>
    session.turn(input, () => `answer ${++asked}`, { reuse, ...options }).result
  const first = await ask({})
  expect(await ask({})).toMatchObject({ reused: true, text: 'answer 1' })
  const { revision } = session.record
  expect(await ask({ ifRevision: revision })).toMatchObject({ reused: false, text: 'answer 2' })
  expect(await ask({ from: first.message.seq - 1 })).toMatchObject({ reused: false, text: 'answer 3' })
  const again = await session.turn(undefined, () => 'and more', { reuse }).result
  expect(again).toMatchObject({ reused: false, text: 'and more' })
})

it('knows another message under the id of one, in the log and among the newest turns', async () => {
  const { session } = await open()
  await session.append({ id: 'old', role: 'user', content: 'Hi' })
  for (const [id, key] of [
    ['old', undefined],
    ['new', undefined],
    [undefined, 'k'],
  ] as const) {
    const ask = (content: string) =>
      session.turn(id === undefined ? content : { id, content }, echo, key === undefined ? {} : { key })
    if (id !== 'old') await ask('Hi').result
    await expect(ask('Ho').result).rejects.toMatchObject({
      code: 'key_reused',
      path: 'id',
      message: expect.stringContaining('used for another message'),
    })
  }
  expect(await codeOf(session.turn('Hi', echo).result)).toBe('settled')
})

it('begins no turn whose answer would find no room', async () => {
  for (const [kept, code] of [
    [2, 'settled'],
    [3, 'limit_reached'],
  ] as const) {
    const sessions = service({ turns: fast, limits: { maxMessages: 4 } })
    const session = await sessions.for(alice).open('one')
    await session.append(Array.from({ length: kept }, () => ({ role: 'user' as const, content: 'Hi' })))
    let asked = 0
    expect(await codeOf(session.turn('and', (turn) => (asked++, echo(turn))).result)).toBe(code)
    expect([asked, (await lines(session)).length]).toEqual(code === 'settled' ? [1, 4] : [0, 3])
    // To answer what is there takes one message less.
    const again = session.turn(undefined, () => 'again', { key: 'k' })
    expect(await codeOf(again.result)).toBe(code === 'settled' ? 'limit_reached' : 'settled')
  }
})

it('numbers its turns, the tools of which write under that number', async () => {
  const { session } = await open()
  const fences: number[] = []
  const tools = { look: { execute: (_: never, { fence }: { fence: number }) => void fences.push(fence) } }
  const call = ({ steps }: { steps: readonly unknown[] }) =>
    steps.length > 0 ? 'done' : { type: 'tool-call' as const, toolCallId: 'c', toolName: 'look', input: {} }
  const replies: string[] = []
  for (let n = 0; n < 3; n++) {
    const { reply, message } = await session.turn('Hi', call, { tools }).result
    replies.push(reply.id.slice(message.id.length))
  }
  expect(fences).toEqual([1, 2, 3])
  expect(replies).toEqual(['.r1', '.r2', '.r3'])
})

it('makes a new answer where the one in the log broke off and nothing came after it', async () => {
  const broken = { code: 'model_failed', error: 'The model failed.' }
  for (const [status, turn, more, text] of [
    ['failed', broken, [], 'anew'],
    ['aborted', { reason: 'lost' }, [], 'anew'],
    ['aborted', { reason: 'cancelled' }, [], 'Hel'],
    ['completed', { reason: 'lost' }, [], 'Hel'],
    ['failed', broken, [{ role: 'user', content: 'Hello?' }], 'Hel'],
  ] as ['failed' | 'aborted' | 'completed', object, MessageInput[], string][]) {
    const { session } = await open()
    await session.append([
      { role: 'user', content: 'Good day' },
      { id: 'm', role: 'user', content: 'Hi' },
      { id: 'm.r1.1', role: 'assistant', content: 'Oh' },
      { id: 'm.r1.2', role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', output: 1 }] },
      {
        id: 'm.r1',
        role: 'assistant',
        content: 'Hel',
        status,
        metadata: { turn: { id: 't', usage: { ...noUsage } as never, ...turn } },
      },
      ...more,
    ])
    let asked = 0
    const { message, ...result } = await session.turn({ id: 'm', content: 'Hi' }, () => {
      asked++
      return 'anew'
    }).result
    const isNew = text === 'anew'
    expect([result.text, result.replayed, message.seq, asked]).toEqual([text, !isNew, 2, isNew ? 1 : 0])
    const after = isNew
      ? ['assistant: anew (completed)']
      : ['assistant: Oh (completed)', expect.stringMatching(/^tool: /), `assistant: Hel (${status})`]
    expect((await lines(session)).slice(0, 2 + after.length)).toEqual([
      'user: Good day (completed)',
      'user: Hi (completed)',
      ...after,
    ])
    expect(await session.currentTurn()).toBeUndefined()
  }
})

it('leaves a draft one that asks nothing, or goes back to nothing', async () => {
  const store = memoryStore()
  const session = service({ store, turns: fast }).for(alice).draft()
  expect(await codeOf(session.turn(undefined, echo).result)).toBe('invalid')
  await expect(session.turn('Hi', echo, { from: 3 }).result).rejects.toMatchObject({ path: 'from' })
  expect((await store.list({ tenantId: 'acme', limit: 10 })).items).toEqual([])
  expect((await session.turn('Hi', echo).result).status).toBe('completed')
})

it('refuses at once what would not wait, though another message waits', async () => {
  const { session } = await open()
  const { respond, begun, open: goOn } = gated('Hello')
  const running = session.turn('Hi', respond)
  await begun
  const waiting = session.turn('and', echo, { policy: 'queue' })
  expect(await codeOf(session.turn('now', () => expect.fail('asked')).result)).toBe('turn_in_progress')
  goOn()
  await running.result
  expect((await waiting.result).text).toBe('You said and')
})

it('says of a revision that is not there that it is not, and not that a key was used', async () => {
  const { session } = await open()
  await session.turn('Hi', echo).result
  for (const input of ['Ho', undefined]) {
    const late = session.turn(input, () => expect.fail('asked'), { ifRevision: 99 })
    await expect(late.result).rejects.toMatchObject({ code: 'conflict', messageId: undefined })
  }
})

it('has the newest message answered anew, under the same key, in the place of the answer that broke off', async () => {
  const { session } = await open()
  await session.append({ role: 'user', content: 'Hi' })
  const fail = (): Promise<never> => Promise.reject(new Error('down'))
  expect((await session.turn(undefined, fail, { key: 'k' }).result).status).toBe('failed')
  const again = await session.turn(undefined, echo, { key: 'k' }).result
  expect(again).toMatchObject({ text: 'You said Hi', message: { seq: 1 }, replayed: false })
  expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: You said Hi (completed)'])
})
