import { afterEach, expect, it, vi } from 'vitest'
import { createSessions, memoryStore, type Session, type SessionStore } from '../../src/index.js'
import { decodeBody } from '../../src/domain/session-body.js'
import { alice, codeOf, service, startGate } from '../service.js'
import { all, echo, gated, lines } from './turns.js'

afterEach(() => void vi.restoreAllMocks())

const reuse = { ttlMs: 1000 }
const turns = { flushMs: 3_600_000, heartbeatMs: 3_600_000 }

/** A session, and what asks it, by a clock that the test moves. */
async function place(options: object = {}) {
  let now = 1_700_000_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const store = memoryStore({ clock: () => now })
  const sessions = service({ store, turns, ...options })
  const session = await sessions.for(alice).open('one')
  let asked = 0
  const ask = (input: Parameters<Session['turn']>[0] = 'Which phone?', more: object = {}) =>
    session.turn(input, () => `answer ${++asked}`, { reuse, ...more }).result
  const body = async () => decodeBody((await store.read(session.ref))!.body)
  return { sessions, session, store, ask, body, pass: (ms: number) => void (now += ms), now: () => now }
}

it('answers as before for as long as it may, however the question is written, and stores both', async () => {
  const { sessions, session, ask, pass, now } = await place()
  const first = await ask()
  await session.annotate(first.reply.seq, { rated: 5 })
  pass(1000)
  sessions.events.length = 0
  const again = await ask({ id: 'm', content: '  WHICH \n\t phone? ' })
  const turn = { id: again.turnId, usage: { inputTokens: 0, outputTokens: 0, costMicros: 0 }, reused: true }
  expect(again).toMatchObject({ text: 'answer 1', reused: true, replayed: false, status: 'completed' })
  expect(again.message).toMatchObject({ id: 'm', seq: 3, content: '  WHICH \n\t phone? ' })
  expect(again.reply).toMatchObject({ id: 'm.r2', seq: 4, tokens: first.reply.tokens })
  // What people said of the first answer they did not say of this one.
  expect(again.reply.metadata).toEqual({ turn })
  expect(sessions.events).toMatchObject([
    { type: 'message.appended', messageId: 'm', seq: 3, role: 'user', tokens: again.message.tokens },
    { type: 'message.appended', messageId: 'm.r2', seq: 4, role: 'assistant', tokens: again.reply.tokens },
    { type: 'turn.reused', messageId: 'm' },
  ])
  // The same message once more is a repeat of that turn.
  const repeat = await ask({ id: 'm', content: '  WHICH \n\t phone? ' })
  expect(repeat).toMatchObject({ turnId: again.turnId, replayed: true, reused: true })
  // It is as old as the answer that the model gave.
  pass(1)
  expect(await ask()).toMatchObject({ text: 'answer 2', reused: false })
  expect((await ask()).reply).toMatchObject({ content: 'answer 2', at: now() })
  expect(await lines(session)).toHaveLength(8)
})

it('answers anew where anything is different that the answer may depend on', async () => {
  const { session, ask } = await place()
  const item = { sku: 'A', name: 'A', price: { amount: 1, currency: 'EUR' } }
  for (const change of [
    () => session.state.merge({ phase: 'browse' }),
    () => session.preferences.merge({ brand: 'X' }),
    () => session.cart.add(item),
  ]) {
    expect(await ask()).toMatchObject({ reused: false })
    expect(await ask()).toMatchObject({ reused: true })
    await change()
  }
  expect(await ask('Which phones?')).toMatchObject({ reused: false })
  expect(await ask('Whichphone?')).toMatchObject({ reused: false })
  expect(await ask({ content: [{ type: 'text', text: 'Which phone?' }] })).toMatchObject({ reused: false })
})

it('answers anew where the answer is not there any more, or not what it was', async () => {
  const { session, ask, store } = await place()
  const { reply } = await ask()
  const { record } = (await store.read(session.ref))!
  const { incarnation, changes } = record
  await store.amend(session.ref, [{ seq: reply.seq, payload: 'broken' }], { incarnation, changes })
  expect(await ask()).toMatchObject({ text: 'answer 2', reused: false })
  await session.reset()
  expect(await ask()).toMatchObject({ text: 'answer 3', reused: false })
})

it('keeps thirty answers, one for a question, and the eight newest turns', async () => {
  const { ask, body } = await place()
  for (let n = 0; n < 31; n++) await ask(`question ${n}`)
  expect((await body()).answers).toHaveLength(30)
  for (let n = 30; n > 20; n--) expect(await ask(`question ${n}`)).toMatchObject({ reused: true })
  const { answers, recentTurns, turnCount } = await body()
  expect([answers!.length, recentTurns!.length, turnCount]).toEqual([30, 8, 41])
  expect(await ask('question 0')).toMatchObject({ reused: false })
  const { answers: after } = await body()
  expect(new Set(after!.map(({ digest }) => digest)).size).toBe(30)
})

it('waits for its turn as others do', async () => {
  const { session, ask } = await place()
  await ask()
  const { respond, begun, open } = gated('Hello')
  const running = session.turn('Hi', respond)
  await begun
  expect(await codeOf(ask())).toBe('turn_in_progress')
  const waiting = ask(undefined, { policy: 'queue' })
  open()
  await running.result
  expect(await waiting).toMatchObject({ reused: true })
})

it('is decided anew when another process is faster', async () => {
  for (const what of ['a turn', 'a change'] as const) {
    const inner = memoryStore()
    const [reached, goesOn] = [startGate(), startGate()]
    let isHeld = false
    const held: SessionStore = {
      ...inner,
      commit: async (ref, change) => {
        if (ref.id === 'one' && isHeld) {
          isHeld = false
          reached.open()
          await goesOn.opened
        }
        return inner.commit(ref, change)
      },
    }
    const [one, two] = await Promise.all(
      [inner, held].map((store) => createSessions({ store, turns }).for(alice).open('one')),
    )
    await one!.turn('Which phone?', () => 'answer 1', { reuse }).result
    isHeld = true
    const late = two!.turn('Which phone?', () => 'answer 2', { reuse })
    await reached.opened
    const { respond, begun, open } = gated('Hello')
    const running = what === 'a turn' ? one!.turn('Hi', respond) : undefined
    if (running === undefined) await one!.state.merge({ phase: 'browse' })
    else await begun
    goesOn.open()
    if (running === undefined) expect(await late.result).toMatchObject({ reused: false, text: 'answer 2' })
    else expect(await codeOf(late.result)).toBe('turn_in_progress')
    open()
    await running?.result
    expect((await one!.turn('so', echo).result).status).toBe('completed')
  }
})

it('tells what a stored answer was made of', async () => {
  const { session, ask } = await place()
  const parts = [
    { type: 'document', document: { id: 'd', title: 'Guide' } },
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'Hi' },
    { type: 'source', url: 'https://a.test' },
    { type: 'usage', inputTokens: 3 },
    { type: 'finish', finishReason: 'stop' },
  ]
  const turn = (key: string, answer: unknown) => session.turn('Hello', () => answer as never, { key })
  const first = await turn('a', parts).result
  const again = turn('a', 'never')
  const { messageId, seq, replyId } = (await all(again))[0] as never
  expect([messageId, seq, replyId]).toEqual([first.message.id, first.message.seq, first.reply.id])
  expect(await all(again)).toMatchObject([
    { n: 1, type: 'started', turnId: first.turnId },
    { n: 2, type: 'document', document: { id: 'd', title: 'Guide' } },
    { n: 3, type: 'reasoning', text: 'hm' },
    { n: 4, type: 'text', text: 'Hi' },
    { n: 5, type: 'source', url: 'https://a.test' },
    { n: 6, type: 'usage', inputTokens: 3 },
    { n: 7, type: 'finish', finishReason: 'stop' },
    { n: 8, type: 'completed', from: 2, to: 2, finishReason: 'stop' },
  ])
  expect((await all(again.events(6))).map(({ n }) => n)).toEqual([7, 8])
  await turn('b', '').result
  expect((await all(turn('b', 'never'))).map(({ type }) => type)).toEqual(['started', 'usage', 'completed'])
  await again.cancel()
  expect([await again.isRepeat(), (await ask('so')).status]).toEqual([true, 'completed'])
})

it('gives no earlier answer to a message that the log has elsewhere: such a message is put on the branch again', async () => {
  for (const answered of [true, false]) {
    const { session, ask } = await place()
    const question = { id: 'm', content: 'Which phone?' }
    await ask()
    // A message that no turn has answered would be answered at its place.
    if (answered) await ask(question)
    else await session.append({ role: 'user', ...question })
    await session.rewind(0)
    await session.append({ role: 'user', content: 'Hi' })
    const again = await ask(question)
    expect(again).toMatchObject({ text: 'answer 2', reused: false, message: { id: 'm' } })
    expect(await lines(session)).toEqual([
      'user: Hi (completed)',
      'user: Which phone? (completed)',
      'assistant: answer 2 (completed)',
    ])
    expect(await ask(question)).toMatchObject({ text: 'answer 2', replayed: true })
    expect(await ask()).toMatchObject({ text: 'answer 2', reused: true })
  }
})

it('repeats the answer of a message that was answered long ago, where it stands', async () => {
  const { session, ask } = await place()
  const question = { id: 'm', content: 'Which phone?' }
  await ask(question)
  for (let n = 0; n < 9; n++) await ask(`Question ${n}`)
  const again = await ask(question)
  expect(again).toMatchObject({ text: 'answer 1', replayed: true })
  const said = await lines(session)
  expect(said).toHaveLength(20)
  expect(said.at(-1)).toBe('assistant: answer 10 (completed)')
})
