import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import type { TurnInput } from '../../src/index.js'
import { alice, service } from '../service.js'
import { all, echo, fast, gated, lines, opened } from './turns.js'

it.each([
  [{ polciy: 'queue' }, 'polciy'],
  [{ policy: 'wait' }, 'policy'],
  [{ key: 7 }, 'key'],
  [{ tools: [] }, 'tools'],
  [{ options: 'fast' }, 'options'],
  [{ signal: {} }, 'signal'],
  [{ reuse: 1000 }, 'reuse'],
  [{ reuse: { ttl: 1000 } }, 'reuse.ttl'],
  [{ reuse: { ttlMs: '1000' } }, 'reuse.ttlMs'],
  [{ from: '0' }, 'from'],
  [{ ifRevision: '1' }, 'ifRevision'],
])('refuses %j, and names it', async (options, path) => {
  const session = await opened()
  const turn = session.turn('Hi', () => expect.fail('asked'), options as never)
  await expect(turn.result).rejects.toMatchObject({ code: 'invalid', path })
  await expect(turn.started).rejects.toMatchObject({ code: 'invalid', path })
  expect(await lines(session)).toEqual([])
})

it.each([
  [null, 'message'],
  [7, 'message'],
] as [unknown, string][])('refuses %j as an input', async (input, path) => {
  const session = await opened()
  await expect(session.turn(input as TurnInput, () => expect.fail('asked')).result).rejects.toMatchObject({
    code: 'invalid',
    path,
  })
})

it('takes each option as it is meant', async () => {
  const session = await opened()
  await session.append({ role: 'user', content: 'Good day' })
  const { revision } = session.record
  const result = await session.turn('Hi', ({ options }) => JSON.stringify(options), {
    policy: 'reject',
    options: { tone: 'kind' },
    ifRevision: revision,
  }).result
  expect(result.text).toBe('{"tone":"kind"}')
  const late = session.turn('Ho', () => expect.fail('asked'), { ifRevision: revision })
  await expect(late.result).rejects.toMatchObject({ code: 'conflict' })
})

it('is stopped by its own handle, and its events are read from a number on', async () => {
  const session = await opened()
  for (const [reason, kept] of [
    [undefined, 'cancelled'],
    ['interrupted', 'interrupted'],
  ] as const) {
    const { respond, begun } = gated('Hello')
    const turn = session.turn('Hi', respond)
    await begun
    await turn.cancel(reason)
    expect(await session.currentTurn()).toBeUndefined()
    expect(await turn.result).toMatchObject({ status: 'aborted', reason: kept, text: 'He' })
    expect((await all(turn.events(2))).map(({ type }) => type)).toEqual(['aborted'])
    await expect(all(turn.events(-1))).rejects.toMatchObject({ code: 'invalid', path: 'after' })
    await turn.cancel()
  }
  expect((await session.turn('Ho', echo).result).status).toBe('completed')
})

it('says what is wrong with a question, before anything is stored', async () => {
  const sessions = service({ turns: fast, limits: { maxMessageLength: 2000 } })
  const draft = sessions.for(alice).draft()
  for (const [input, options, expected] of [
    [undefined, {}, { path: 'input', message: 'The session has no message yet that could be answered.' }],
    [undefined, { from: 0 }, { path: 'input' }],
    ['Hi', { from: 1 }, { path: 'from', message: 'from: message 1 is not on the active branch.' }],
    ['Hi', { from: -1 }, { path: 'from' }],
    [{ content: 'Hi', id: 'x'.repeat(151) }, {}, { path: 'id', message: 'id is longer than 150 characters' }],
    ['x'.repeat(2000), {}, { code: 'too_large', path: 'message' }],
  ] as const) {
    const turn = draft.turn(input, () => expect.fail('asked'), options)
    await expect(turn.result).rejects.toMatchObject({ code: 'invalid', ...expected })
  }
  expect(sessions.events).toEqual([])
  const id = 'x'.repeat(150)
  expect((await draft.turn({ content: 'Hi', id }, echo, { from: 0 }).result).message).toMatchObject({
    id,
    seq: 1,
  })
  await draft.rewind(0)
  for (const from of [1, 2, 3])
    await expect(draft.turn('Ho', echo, { from }).result).rejects.toMatchObject({
      code: 'invalid',
      path: 'from',
    })
  await draft.turn('Ho', echo).result
  for (const from of [2, 5])
    await expect(draft.turn('Ho', echo, { from }).result).rejects.toMatchObject({ path: 'from' })
  // After the last message there is nothing to leave.
  await draft.turn('more', echo, { from: 4 }).result
  expect(await draft.branches()).toHaveLength(1)
  expect(await lines(draft)).toHaveLength(4)
})

it('is stopped by the signal of its caller, before it began too, and leaves nothing there when it has ended', async () => {
  const session = await opened()
  const caller = new AbortController()
  expect((await session.turn('Hi', echo, { signal: caller.signal }).result).status).toBe('completed')
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
  const { respond, begun } = gated('Hello')
  const turn = session.turn('Ho', respond, { signal: caller.signal })
  await begun
  caller.abort()
  await turn.cancel('interrupted')
  expect(await turn.result).toMatchObject({ status: 'aborted', reason: 'cancelled', text: 'He' })
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
  let given: AbortSignal | undefined
  const late = session.turn('and', ({ signal }) => ((given = signal), 'no'), { signal: caller.signal })
  expect(await late.result).toMatchObject({ status: 'aborted', reason: 'cancelled', text: '' })
  expect(given?.aborted ?? true).toBe(true)
})
