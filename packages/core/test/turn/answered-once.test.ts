import { expect, it } from 'vitest'
import { createSessions, memoryStore, type MessagePart, SessionError } from '../../src/index.js'
import { wrapStore } from '../../src/testing.js'
import { alice, codeOf } from '../service.js'
import { echo, fast, gated } from './turns.js'

const call = (toolCallId: string): MessagePart => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'locate',
  input: {},
})
const asks = (approvalId: string, toolCallId: string): MessagePart => ({
  type: 'tool-approval-request',
  approvalId,
  toolCallId,
})
const result = (toolCallId: string, output: string): MessagePart => ({
  type: 'tool-result',
  toolCallId,
  toolName: 'locate',
  output,
})
const response = (approvalId: string, approved: boolean): MessagePart => ({
  type: 'tool-approval-response',
  approvalId,
  approved,
})
const tool = (id: string, ...content: MessagePart[]) => ({ id, role: 'tool' as const, content })

/** A session in two processes, whose model waits for a result and for an approval. */
async function waiting(store = memoryStore()) {
  const [one, two] = [0, 1].map(() => createSessions({ store, turns: fast }).for(alice))
  const session = await one!.open('one')
  await session.append([
    { role: 'user', content: 'Where am I? Then pay.' },
    { role: 'assistant', content: [call('c1'), call('c2'), asks('a2', 'c2')] },
  ])
  return [session, await two!.open('one')] as const
}

const toolMessages = async (session: Awaited<ReturnType<typeof waiting>>[0]) =>
  (await session.allMessages()).filter(({ role }) => role === 'tool').map(({ id }) => id)

it.each<[string, MessagePart, MessagePart]>([
  ['a result', result('c1', 'Graz'), result('c1', 'Wien')],
  ['the same result', result('c1', 'Graz'), result('c1', 'Graz')],
  ['an approval', response('a2', true), response('a2', false)],
  ['the same approval', response('a2', true), response('a2', true)],
])('%s of one client is what the model hears, whoever else answers', async (_, first, second) => {
  for (const policy of ['queue', 'interrupt', 'reject'] as const) {
    const [one, two] = await waiting()
    const { respond, begun, open } = gated('Hello')
    const answered = one.turn(tool('m1', first), respond)
    await begun
    const other = two.turn(tool('m2', second), () => expect.fail('asked'), { policy })
    open()
    await expect(other.result).rejects.toMatchObject({ code: 'conflict', path: 'content[0]' })
    // Nor is the first one interrupted by what is refused.
    expect(await answered.result).toMatchObject({ status: 'completed', text: 'Hello' })
    expect(await toolMessages(two)).toEqual(['m1'])
  }
})

it('what comes at the same moment is one answer', async () => {
  const [one, two] = await waiting()
  const outcomes = await Promise.all(
    [one, two, one, two].map((session, index) =>
      codeOf(session.turn(tool(`m${index}`, result('c1', `${index}`)), echo, { policy: 'queue' }).result),
    ),
  )
  expect(outcomes.filter((code) => code === 'conflict')).toHaveLength(3)
  expect(await toolMessages(one)).toHaveLength(1)
})

it('an answer in part, a repeat, and an answer to a call of the same name are taken', async () => {
  const [one, two] = await waiting()
  await one.turn(tool('m1', result('c1', 'Graz')), echo).result
  expect(await codeOf(two.turn(tool('m2', response('a2', true), result('c1', 'Wien')), echo).result)).toBe(
    'conflict',
  )
  expect(await two.turn(tool('m2', response('a2', true)), echo).result).toMatchObject({ status: 'completed' })
  const again = two.turn(tool('m1', result('c1', 'Graz')), () => expect.fail('asked'))
  expect(await again.isRepeat()).toBe(true)
  await one.append({ role: 'assistant', content: [call('c1')] })
  expect(await two.turn(tool('m3', result('c1', 'Wien')), echo).result).toMatchObject({ status: 'completed' })
  expect(await toolMessages(one)).toEqual(['m1', 'm2', 'm3'])
})

it('calls of one id in one message may be answered one by one', async () => {
  const [one, two] = await waiting()
  await one.append([
    { role: 'assistant', content: [call('locate'), call('locate')] },
    { role: 'tool', content: [result('locate', 'Graz')] },
  ])
  const last = tool('m1', result('locate', 'Wien'))
  expect(await two.turn(last, echo).result).toMatchObject({ status: 'completed' })
  expect(await codeOf(one.turn({ ...last, id: 'm2' }, echo).result)).toBe('conflict')
})

it('answers of an application that name no request are its own matter', async () => {
  const [one, two] = await waiting()
  const own = (toolCallId: string) => ({ type: 'tool-approval-response', toolCallId, approved: true })
  expect(await one.turn(tool('m1', own('c1')), echo).result).toMatchObject({ status: 'completed' })
  expect(await two.turn(tool('m2', own('c2')), echo).result).toMatchObject({ status: 'completed' })
})

it('after a turn that failed, the answer stands, and a turn without an input goes on', async () => {
  const [one, two] = await waiting()
  const content = [result('c1', 'Graz')]
  const failing = () => {
    throw new Error('The model is away.')
  }
  expect((await one.turn({ role: 'tool', content }, failing).result).status).toBe('failed')
  expect(await codeOf(two.turn({ role: 'tool', content }, echo).result)).toBe('conflict')
  expect(await two.turn(undefined, () => 'Graz').result).toMatchObject({ status: 'completed', text: 'Graz' })
})

it('a call is answered anew on another branch', async () => {
  const [one, two] = await waiting()
  await one.turn(tool('m1', result('c1', 'Graz')), echo).result
  await two.rewind(2)
  expect(await two.turn(tool('m2', result('c1', 'Wien')), echo).result).toMatchObject({ status: 'completed' })
  expect(await one.turn(tool('m3', result('c1', 'Linz')), echo, { from: 2 }).result).toMatchObject({
    status: 'completed',
  })
})

it('an answer whose store loses its own answers is stored once', async () => {
  for (let at = 1, calls = 1; at <= calls; at++) {
    const inner = memoryStore()
    let count = -Infinity
    const store = wrapStore(inner, async (method, call) => {
      const made = await call()
      if (method === 'commit' && ++count === at)
        throw new SessionError('unknown_outcome', 'The answer was lost.')
      return made
    })
    const [one] = await waiting(store)
    count = 0
    const { status } = await one.turn(tool('m1', result('c1', 'Graz')), echo).result
    calls = Math.max(calls, count)
    count = -Infinity
    const roles = (await one.allMessages()).map(({ role }) => role)
    expect([at, status, ...roles]).toEqual([at, 'completed', 'user', 'assistant', 'tool', 'assistant'])
  }
})
