import { describe, expect, it } from 'vitest'
import { codeOf } from '../service.js'
import { lines, opened } from './turns.js'

describe('an answer that no model gives', () => {
  it('is refused where next gives no object', async () => {
    const session = await opened({ onWarning: () => {} })
    const odd = { [Symbol.asyncIterator]: () => ({ next: () => 'a' as never }) }
    const { status } = await session.turn('Hi', () => odd).result
    expect(status).toBe('failed')
  })

  it('can be stopped though it has no end, and waits for nobody', async () => {
    const session = await opened()
    const turn = session.turn('Hi', async function* () {
      for (;;) yield ''
    })
    await turn.started
    expect(await session.cancel()).toBe((await turn.started).turnId)
    expect((await turn.result).status).toBe('aborted')
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant:  (aborted)'])
  })
})

describe('a model that gives its name', () => {
  it('at great length leaves room in the session for the next turn', async () => {
    const session = await opened()
    for (const model of ['x'.repeat(200_000), '\ud800'.repeat(50_000)]) {
      const answer = () => [
        'Hello',
        { type: 'usage', inputTokens: 1, outputTokens: 1, model, provider: model },
      ]
      const { status, usage } = await session.turn('Hi', answer as never).result
      expect(status).toBe('completed')
      expect(usage.model).toBe(model.slice(0, 200))
      expect(usage.provider).toBe(model.slice(0, 200))
    }
    expect((await session.turn('Hi', () => 'Hello').result).status).toBe('completed')
  })
})

describe('what JavaScript calls a turn with', () => {
  const echo = () => 'echo'

  it.each<[string, unknown, unknown]>([
    ['a message that is null', null, undefined],
    ['options that are none', 'Hi', 'x'],
    ['a key that is no text', 'Hi', { key: 1 }],
    ['a policy that nobody knows', 'Hi', { policy: 'x' }],
    ['a signal that is none', 'Hi', { signal: 1 }],
    ['a signal that only looks like one', 'Hi', { signal: {} }],
    ['tools that are none', 'Hi', { tools: 1 }],
  ])('%s is refused', async (_, input, options) => {
    const session = await opened()
    expect(await codeOf(session.turn(input as never, echo, options as never).result)).toBe('invalid')
    expect(await lines(session)).toEqual([])
  })

  it('a place of events that is no number is refused', async () => {
    const turn = (await opened()).turn('Hi', echo)
    expect(await codeOf(turn.events({} as never).next())).toBe('invalid')
    expect((await turn.result).status).toBe('completed')
  })
})
