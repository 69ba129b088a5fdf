import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'
import { all, echo, fast, gated, lines, opened } from './turns.js'

describe('a key', () => {
  it('gives the same answer again, and asks once', async () => {
    const session = await opened()
    let asked = 0
    const ask = (content = 'Hi') => session.turn(content, () => `answer ${++asked}`, { key: 'k' })
    const first = await ask().result
    for (let n = 0; n < 12; n++) {
      await session.turn(`other ${n}`, echo).result
      if (n === 2) expect(await ask().result).toEqual({ ...first, replayed: true })
    }
    const again = ask()
    expect(await again.result).toEqual({ ...first, replayed: true })
    expect((await all(again)).map(({ type }) => type)).toEqual(['started', 'text', 'usage', 'completed'])
    expect(await again.isRepeat()).toBe(true)
    expect(asked).toBe(1)
    await expect(ask('Ho').result).rejects.toMatchObject({ code: 'key_reused' })
    expect(await lines(session)).toHaveLength(26)
    expect(await session.currentTurn()).toBeUndefined()
  })

  it.each([[1], [2]])('sent twice at once to %i processes is executed once', async (processes) => {
    const store = memoryStore()
    const handles = await Promise.all(
      [0, 1].map(() => createSessions({ store, turns: fast }).for(alice).open('one')),
    )
    let asked = 0
    const { respond, open } = gated('Hello')
    const turns = Array.from({ length: 6 }, (_, index) =>
      handles[index % processes]!.turn('Hi', (turn) => (asked++, respond(turn)), { key: 'k' }),
    )
    await Promise.all(turns.map((turn) => turn.started))
    open()
    const results = await Promise.all(turns.map((turn) => turn.result))
    expect(asked).toBe(1)
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1)
    for (const result of results)
      expect({ ...result, replayed: false }).toEqual({ ...results[0], replayed: false })
    expect(await lines(handles[0]!)).toHaveLength(2)
  })

  it('finds an answer of several messages behind many that others said meanwhile', async () => {
    const session = await opened()
    const { respond, begun, open } = gated('Hello')
    const call = { type: 'tool-call' as const, toolCallId: 'c', toolName: 'elsewhere', input: {} }
    const result = { type: 'tool-result' as const, toolCallId: 'c', output: 1 }
    const turn = session.turn(
      'Hi',
      async function* (context) {
        yield call
        yield result
        yield* respond(context) as AsyncIterable<string>
      },
      { key: 'k' },
    )
    await begun
    await session.append(Array.from({ length: 250 }, (_, n) => ({ role: 'user' as const, content: `${n}` })))
    open()
    const first = await turn.result
    expect(first.replies).toHaveLength(3)
    const again = await session.turn('Hi', () => expect.fail('asked'), { key: 'k' }).result
    expect(again).toEqual({ ...first, replayed: true })
  })

  it('tries a failed turn again, and puts the new reply in the place of the old', async () => {
    const session = await opened({ onWarning: () => {} })
    const fail = (): never => {
      throw new Error('down')
    }
    expect((await session.turn('Hi', fail, { key: 'k' }).result).status).toBe('failed')
    expect((await session.turn('Hi', echo, { key: 'k' }).result).status).toBe('completed')
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: You said Hi (completed)'])
    expect((await session.history({ branch: 'all' })).messages).toHaveLength(3)
  })

  it('may be the id of the message', async () => {
    const session = await opened()
    const input = { content: 'Hi', id: 'client-1' }
    const first = await session.turn(input, echo).result
    expect(first.message.id).toBe('client-1')
    expect(await session.turn(input, echo).result).toMatchObject({ replayed: true, turnId: first.turnId })
    expect(await codeOf(session.turn({ ...input, id: 'x'.repeat(151) }, echo).result)).toBe('invalid')
  })
})

describe('reuse', () => {
  it('answers the same question from history while nothing changed, and says so', async () => {
    const sessions = service({ turns: fast })
    const session = await sessions.for(alice).open('one')
    let asked = 0
    const ask = (question: string) =>
      session.turn(question, () => `answer ${++asked}`, { reuse: { ttlMs: 60_000 } }).result
    const first = await ask('Which phone?')
    expect(first).toMatchObject({ reused: false, text: 'answer 1' })
    expect(await ask('  which   PHONE? ')).toMatchObject({ reused: true, replayed: false, text: 'answer 1' })
    expect(await lines(session)).toHaveLength(4)
    await session.preferences.merge({ brand: 'X' })
    expect(await ask('Which phone?')).toMatchObject({ reused: false, text: 'answer 2' })
    expect(await session.turn('Which phone?', echo).result).toMatchObject({ reused: false })
    expect(await session.turn('Which phone?', echo, { reuse: { ttlMs: -1 } }).result).toMatchObject({
      reused: false,
    })
    expect(sessions.events.filter(({ type }) => type === 'turn.reused')).toHaveLength(1)
  })
})
