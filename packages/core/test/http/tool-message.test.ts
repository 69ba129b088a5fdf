import { expect, it } from 'vitest'
import { createSessionApi } from '../../src/http.js'
import { alice, service } from '../service.js'

const call = (toolCallId: string, toolName: string) => ({
  type: 'tool-call',
  toolCallId,
  toolName,
  input: {},
})
const asks = (approvalId: string, toolCallId: string) => ({
  type: 'tool-approval-request',
  approvalId,
  toolCallId,
})
const result = (toolCallId: string, more: object = {}) => ({
  type: 'tool-result',
  toolCallId,
  output: { lat: 41.9 },
  ...more,
})
const response = (approvalId: string, approved = true) => ({
  type: 'tool-approval-response',
  approvalId,
  approved,
})

/**
 * A session whose model has called `locate`, which clients run, and `pay`, which the server does, and has asked about
 * both. One call was answered before.
 */
async function waiting(policy: 'reject' | 'queue' | 'interrupt' = 'reject') {
  const sessions = service({ turns: { policy } })
  let answers = 0
  const api = createSessionApi({
    sessions,
    identify: () => alice,
    clientTools: ['locate'],
    async respond() {
      const text = `answer ${++answers}`
      // Whoever answers at the same moment has come when the model has said something, also where the event loop is busy.
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 0))
      return text
    },
  })
  const session = await sessions.for(alice).create()
  await session.append([
    { role: 'user', content: 'Where am I? Then pay.' },
    { role: 'assistant', content: [call('c0', 'locate'), { type: 'text', text: 'One moment.' }] },
    { role: 'tool', content: [result('c0', { toolName: 'locate' })] },
    {
      role: 'assistant',
      content: [
        call('c1', 'locate'),
        call('c2', 'pay'),
        call('c3', 'locate'),
        asks('a2', 'c2'),
        asks('a3', 'c3'),
      ],
    },
  ])
  const send = async (content: unknown, id?: string) => {
    const sent = await api.handle(
      new Request(`https://api.test/sessions/${session.id}/message`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ role: 'tool', content, ...(id === undefined ? {} : { id }) }),
      }),
    )
    const { path, detail, response: said } = (await sent.json()) as Record<string, never>
    return { status: sent.status, path, detail, text: (said as { text?: string } | undefined)?.text }
  }
  const told = async () =>
    (await session.allMessages()).filter(({ role }) => role === 'tool').map(({ content }) => content)
  return { send, told, count: () => answers }
}

const nothing = 'nothing that a client may answer waits for this.'

it.each<[string, unknown, number, string, string]>([
  [
    'a text',
    'found',
    422,
    'content',
    'content: a message of the role tool is a list of tool-result and tool-approval-response parts.',
  ],
  ['a result of no call', [result('c9')], 422, 'content[0]', `content[0]: ${nothing}`],
  ['a result of a call that has one', [result('c0')], 422, 'content[0]', `content[0]: ${nothing}`],
  ['a result of a tool of the server', [result('c2')], 422, 'content[0]', `content[0]: ${nothing}`],
  ['an approval of a tool of the server', [response('a2')], 422, 'content[0]', `content[0]: ${nothing}`],
  ['an approval of nothing', [result('c1'), response('a9')], 422, 'content[1]', `content[1]: ${nothing}`],
  ['an approval by the id of a call', [response('c1')], 422, 'content[0]', `content[0]: ${nothing}`],
  ['a result by the id of a question', [result('a3')], 422, 'content[0]', `content[0]: ${nothing}`],
  ['two results of one call', [result('c1'), result('c1')], 422, 'content[1]', `content[1]: ${nothing}`],
  [
    'a result of another tool',
    [result('c1', { toolName: 'pay' })],
    422,
    'content[0].toolName',
    'content[0].toolName: the call is of another tool.',
  ],
])('a client does not answer for a tool with %s', async (_, content, status, path, detail) => {
  const { send, told, count } = await waiting()
  const before = await told()
  expect(await send(content)).toEqual({ status, path, detail, text: undefined })
  expect([await told(), count()]).toEqual([before, 0])
})

it.each<[string, unknown[], string]>([
  ['a part of another type', [{ type: 'text', text: 'found' }], 'content[0].type'],
  [
    'a field that a result does not have',
    [result('c1', { providerOptions: {} })],
    'content[0].providerOptions',
  ],
  ['an id that is none', [result('')], 'content[0].toolCallId'],
  ['an approval that is neither', [{ ...response('a3'), approved: 'yes' }], 'content[0].approved'],
])('a client is told of %s', async (_, content, path) => {
  const { send, count } = await waiting()
  expect(await send(content)).toMatchObject({ status: 400, path })
  expect(count()).toBe(0)
})

it('a client answers the calls and the questions that wait for it, once', async () => {
  const { send, told, count } = await waiting()
  const content = [
    result('c1', { isError: false }),
    { ...response('a3', false), reason: 'not now' },
    result('c3', { toolName: 'locate', output: null }),
  ]
  expect(await send(content, 'm1')).toMatchObject({ status: 200, text: 'answer 1' })
  const kept = [
    { type: 'tool-result', toolCallId: 'c1', toolName: 'locate', output: { lat: 41.9 }, isError: false },
    { type: 'tool-approval-response', approvalId: 'a3', approved: false, reason: 'not now' },
    { type: 'tool-result', toolCallId: 'c3', toolName: 'locate', output: null },
  ]
  expect((await told()).at(-1)).toEqual(kept)
  // The same message again is the same answer; another one finds nothing that waits.
  expect(await send(content, 'm1')).toMatchObject({ status: 200, text: 'answer 1' })
  expect(await send(content)).toMatchObject({ status: 422, path: 'content[0]' })
  expect(await send([response('a3')])).toMatchObject({ status: 422, path: 'content[0]' })
  expect([(await told()).length, count()]).toEqual([2, 1])
})

it.each(['queue', 'interrupt'] as const)(
  'of clients that name their messages themselves, one answers: %s',
  async (policy) => {
    const { send, told } = await waiting(policy)
    const words = await Promise.all([send([response('a3')], 'm1'), send([response('a3', false)], 'm2')])
    expect(words.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
    expect(await told()).toHaveLength(2)
  },
)

it('a client that answers the same as another one, and comes later, has the same answer', async () => {
  const { send, told, count } = await waiting()
  const both = [result('c1'), response('a3')]
  expect(await send(both)).toMatchObject({ status: 200, text: 'answer 1' })
  expect(await send(both)).toMatchObject({ status: 200, text: 'answer 1' })
  expect(await send([{ ...result('c1'), toolName: 'locate' }, response('a3')])).toMatchObject({
    text: 'answer 1',
  })
  // What differs, and what was answered in part, is refused: the model has heard something else.
  expect(await send([result('c1'), response('a3', false)])).toMatchObject({ status: 422 })
  expect(await send([result('c1', { output: 'here' }), response('a3')])).toMatchObject({ status: 422 })
  expect(await send([result('c1')])).toMatchObject({ status: 422, path: 'content[0]' })
  expect(await send([result('c1'), result('c3', { toolName: 'locate' })])).toMatchObject({ status: 422 })
  expect([(await told()).length, count()]).toEqual([2, 1])
})

it('two clients that answer the same at the same moment have one answer, and what differs is refused', async () => {
  const { send, told, count } = await waiting('queue')
  const both = await Promise.all([send([result('c1')]), send([result('c1')])])
  expect(both).toMatchObject([
    { status: 200, text: 'answer 1' },
    { status: 200, text: 'answer 1' },
  ])
  const words = await Promise.all([send([response('a3')]), send([response('a3', false)])])
  expect(words.map(({ status }) => status).toSorted()).toEqual([200, 422])
  expect([(await told()).length, count()]).toEqual([3, 2])
})
