import { describe, expect, it } from 'vitest'
import {
  type Session,
  type SessionsOptions,
  type SessionStore,
  createSessions,
  memoryStore,
} from '../../src/index.js'
import { alice, codeOf, startGate } from '../service.js'
import { all, echo, fast, gated, lines } from './turns.js'

describe('one turn at a time', () => {
  const twoProcesses = async (options: SessionsOptions = {}) => {
    const store = memoryStore()
    const [one, two] = [0, 1].map(() => createSessions({ store, turns: fast, ...options }).for(alice))
    return [await one!.open('one'), await two!.open('one')] as const
  }

  it.each(['the same process', 'another process'])(
    'rejects a second message from %s before the model is asked',
    async (from) => {
      const [one, other] = await twoProcesses()
      const two = from === 'the same process' ? one : other
      const { respond, begun, open } = gated('Hello')
      const first = one.turn('Hi', respond)
      await begun
      const second = two.turn('me too', () => expect.fail('asked'))
      await expect(second.result).rejects.toMatchObject({
        code: 'turn_in_progress',
        message: 'Another message of this session is being answered.',
        retryAfterMs: 1000,
      })
      open()
      await first.result
      expect(await lines(two)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
    },
  )

  /** Two processes, the next commit of the second of which waits between what it has read and what it writes. */
  const oneHeld = async () => {
    const inner = memoryStore()
    const [reached, goesOn] = [startGate(), startGate()]
    let isHeld = false
    const held: SessionStore = {
      ...inner,
      async commit(ref, change) {
        if (ref.id === 'one' && isHeld) {
          isHeld = false
          reached.open()
          await goesOn.opened
        }
        return inner.commit(ref, change)
      },
    }
    const [one, two] = await Promise.all(
      [inner, held].map((store) => createSessions({ store, turns: fast }).for(alice).open('one')),
    )
    const hold = () => void (isHeld = true)
    return { one: one!, two: two!, hold, reached: reached.opened, goOn: goesOn.open }
  }

  it('rejects a message whose process saw nothing of the other, however late its commit comes', async () => {
    const { one, two, hold, reached, goOn } = await oneHeld()
    hold()
    const second = two.turn('me too', () => expect.fail('asked'))
    await reached
    const { respond, begun, open } = gated('Hello')
    const first = one.turn('Hi', respond)
    await begun
    goOn()
    expect(await codeOf(second.result)).toBe('turn_in_progress')
    open()
    await first.result
    expect(await lines(two)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
  })

  it('has such a message wait for the other where it may', async () => {
    const { one, two, hold, reached, goOn } = await oneHeld()
    hold()
    const second = two.turn('me too', echo, { policy: 'queue' })
    await reached
    const { respond, begun, open } = gated('Hello')
    const first = one.turn('Hi', respond)
    await begun
    goOn()
    // It has found the other by then.
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve))
    open()
    await first.result
    expect((await second.result).text).toBe('You said me too')
    expect(await lines(two)).toHaveLength(4)
  })

  it('gives the answer that another process has given to the same key while its commit was late', async () => {
    const { one, two, hold, reached, goOn } = await oneHeld()
    await one.append({ role: 'user', content: 'Hi' })
    hold()
    const second = two.turn(undefined, () => expect.fail('asked'), { key: 'k' })
    await reached
    const first = await one.turn(undefined, echo, { key: 'k' }).result
    goOn()
    expect(await second.result).toMatchObject({ turnId: first.turnId, replayed: true, text: 'You said Hi' })
    expect(await lines(two)).toHaveLength(2)
  })

  it('answers no message that was left behind while its commit was late', async () => {
    const { one, two, hold, reached, goOn } = await oneHeld()
    await one.append({ role: 'user', content: 'Hi' })
    hold()
    const again = two.turn(undefined, () => expect.fail('asked'))
    await reached
    await one.rewind(0)
    goOn()
    expect(await codeOf(again.result)).toBe('invalid')
    expect(await two.currentTurn()).toBeUndefined()
    expect(await lines(two)).toEqual([])
  })

  it.each([[1], [2]])('queues: ten messages at once from %i processes are ten turns', async (processes) => {
    const handles = await twoProcesses()
    let asked = 0
    const turns = Array.from({ length: 10 }, (_, index) =>
      handles[index % processes]!.turn(`m${index}`, (turn) => (asked++, echo(turn)), { policy: 'queue' }),
    )
    for (const turn of turns) expect((await turn.result).status).toBe('completed')
    expect(asked).toBe(10)
    const history = await lines(handles[0])
    expect(history).toHaveLength(20)
    history.forEach((line, index) => {
      if (index % 2 === 1)
        expect(line).toBe(`assistant: You said ${history[index - 1]!.slice(6, -12)} (completed)`)
    })
    const inOrder = Array.from({ length: 10 }, (_, index) => `user: m${index} (completed)`)
    const said = history.filter((_, index) => index % 2 === 0)
    // Who comes first to a process is answered first; processes know nothing of each other's order.
    expect(processes === 1 ? said : said.toSorted()).toEqual(inOrder)
  })

  it('queues in the order in which messages came, also when the first looks at the session last, and one between is taken back', async () => {
    const inner = memoryStore()
    const [reached, goesOn] = [startGate(), startGate()]
    let isHeld = false
    const store: SessionStore = {
      ...inner,
      async read(ref, options) {
        if (ref.tenantId !== 'acme' || !isHeld) return inner.read(ref, options)
        isHeld = false
        reached.open()
        await goesOn.opened
        return inner.read(ref, options)
      },
    }
    const session = await createSessions({ store, turns: fast }).for(alice).open('one')
    const asked: string[] = []
    const ask = (text: string, signal?: AbortSignal) =>
      session.turn(text, (turn) => (asked.push(text), echo(turn)), { policy: 'queue', signal })
    const { respond, begun, open } = gated('Hello')
    const running = session.turn('Hi', respond)
    await begun
    isHeld = true
    const first = ask('first')
    await reached.opened
    const taken = new AbortController()
    const withdrawn = ask('withdrawn', taken.signal)
    const second = ask('second')
    taken.abort()
    expect(await codeOf(withdrawn.result)).toBe('turn_lost')
    open()
    await running.result
    // Who is not in line would be asked by now.
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve))
    goesOn.open()
    await Promise.all([first.result, second.result])
    expect(asked).toEqual(['first', 'second'])
  })

  it('rejects or stores: ten messages at once, and as many model calls as stored turns', async () => {
    const handles = await twoProcesses()
    let asked = 0
    const turns = Array.from({ length: 10 }, (_, index) =>
      handles[index % 2]!.turn(`m${index}`, (turn) => (asked++, echo(turn))),
    )
    const codes = await Promise.all(turns.map((turn) => codeOf(turn.result)))
    const settled = codes.filter((code) => code === 'settled').length
    expect(settled).toBeGreaterThan(0)
    for (const code of codes) expect(['settled', 'turn_in_progress']).toContain(code)
    expect(asked).toBe(settled)
    expect(await lines(handles[0])).toHaveLength(2 * settled)
  })

  it.each(['the same process', 'another process'])(
    'interrupts from %s, and keeps what was said',
    async (from) => {
      const [one, other] = await twoProcesses()
      const two = from === 'the same process' ? one : other
      const { respond, begun } = gated('Hello')
      const first = one.turn('Hi', respond)
      await begun
      const second = two.turn('wait', echo, { policy: 'interrupt' })
      expect(await second.result).toMatchObject({ status: 'completed' })
      expect(await first.result).toMatchObject({ status: 'aborted', reason: 'interrupted' })
      expect(await lines(one)).toEqual([
        'user: Hi (completed)',
        'assistant: He (aborted)',
        'user: wait (completed)',
        'assistant: You said wait (completed)',
      ])
    },
  )

  it('lets another process watch from any event on, and cancel', async () => {
    const [one, two] = await twoProcesses()
    const { respond, begun } = gated('Hello')
    const turn = one.turn('Hi', respond)
    await begun
    const { turnId } = await turn.started
    expect(await two.currentTurn()).toBe(turnId)
    const watched = all(two.watchTurn(turnId, 1))
    expect(await two.cancel()).toBe(turnId)
    expect((await turn.result).status).toBe('aborted')
    expect(await watched).toEqual(await all(turn.events(1)))
    expect((await watched).map(({ type }) => type)).toEqual(['text', 'aborted'])
  })

  it('takes a waiting message back', async () => {
    const [one, two] = await twoProcesses()
    const { respond, begun, open } = gated('Hello')
    const first = one.turn('Hi', respond)
    await begun
    const taken = new AbortController()
    const waiting = two.turn('later', () => expect.fail('asked'), { policy: 'queue', signal: taken.signal })
    taken.abort()
    expect(await codeOf(waiting.result)).toBe('turn_lost')
    open()
    await first.result
    expect(await lines(one)).toHaveLength(2)
  })

  it.each(['the same process', 'another process'])(
    'takes a message back that is cancelled while it waits for a turn of %s',
    async (from) => {
      const [one, other] = await twoProcesses()
      const two = from === 'the same process' ? one : other
      const { respond, begun, open } = gated('Hello')
      const running = one.turn('Hi', respond)
      await begun
      const waiting = [1, 2].map((n) =>
        two.turn(`later ${n}`, () => expect.fail('asked'), { policy: 'queue' }),
      )
      for (const turn of waiting.toReversed()) {
        expect(await codeOf(turn.cancel())).toBe('settled')
        expect(await codeOf(turn.result)).toBe('turn_lost')
        expect(await codeOf(turn.cancel())).toBe('settled')
      }
      // A turn that was refused for another reason says so.
      const refused = two.turn('now', () => expect.fail('asked'))
      expect(await codeOf(refused.cancel())).toBe('turn_in_progress')
      open()
      expect(await running.result).toMatchObject({ status: 'completed', text: 'Hello' })
      expect(await lines(one)).toHaveLength(2)
    },
  )

  it('has no message wait longer than it may, however many wait before it', async () => {
    const store = memoryStore()
    const processOf = (queueMs: number) =>
      createSessions({ store, turns: { ...fast, queueMs } })
        .for(alice)
        .open('one')
    const [one, two] = [await processOf(200), await processOf(150)]
    const { respond, begun, open } = gated('Hello')
    const running = one.turn('Hi', respond)
    await begun
    const refused: string[] = []
    const ask = async (session: Session, text: string) => {
      const { result } = session.turn(text, () => expect.fail('asked'), { policy: 'queue' })
      expect(await codeOf(result)).toBe('turn_in_progress')
      refused.push(text)
    }
    const first = ask(one, 'first')
    const second = ask(one, 'second')
    await first
    // Came when the time of both was over.
    await Promise.all([second, ask(two, 'later')])
    expect(refused.at(-1)).toBe('later')
    open()
    await running.result
  })

  it('drops the turn when the conversation moves on without it', async () => {
    for (const move of [(session: Session) => session.reset(), (session: Session) => session.rewind(0)]) {
      const [one, two] = await twoProcesses()
      const { respond, begun } = gated('Hello')
      const turn = one.turn('Hi', respond)
      await begun
      await move(two)
      expect(await codeOf(turn.result)).toBe('turn_lost')
      expect(await lines(two)).toEqual([])
      expect((await two.turn('Hi', echo).result).status).toBe('completed')
    }
  })

  it('loses a turn whose session is deleted, and does not bring it back', async () => {
    const [one, two] = await twoProcesses()
    const { respond, begun, open } = gated('Hello')
    const turn = one.turn('Hi', respond)
    await begun
    await two.delete()
    open()
    expect(await codeOf(turn.result)).toBe('not_found')
    expect(await codeOf(one.history())).toBe('not_found')
  })
})
