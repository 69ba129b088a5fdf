import { expect, it } from 'vitest'
import type { TurnInput } from '../../src/index.js'
import { all, echo, gated, lines, opened } from './turns.js'

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
