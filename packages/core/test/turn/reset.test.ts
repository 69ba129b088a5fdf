import { expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionStore } from '../../src/index.js'
import { alice, codeOf, service, startGate } from '../service.js'
import { all, echo, fast, gated, lines } from './turns.js'

async function place(store: SessionStore = memoryStore(), turns: object = fast) {
  const sessions = service({ store, turns: fast })
  const session = await sessions.for(alice).open('one')
  const { turnId } = await session.turn('Hi', echo).result
  const other = await createSessions({ store, turns }).for(alice).open('one')
  return { sessions, session, other, turnId }
}

it('leaves the turn alone that began since, when a reset is asked for again', async () => {
  const { sessions, session, other, turnId } = await place()
  await session.reset({ changeId: 'once' })
  expect(await codeOf(all(session.watchTurn(turnId)))).toBe('not_found')
  const { respond, begun, open } = gated('Hello')
  const running = session.turn('And now', respond)
  await begun
  // Its events are in the store.
  for await (const { type } of other.watchTurn((await running.started).turnId)) if (type === 'text') break
  const watched = all(other.watchTurn((await running.started).turnId))
  await session.reset({ changeId: 'once' })
  for await (const { type } of other.watchTurn((await running.started).turnId)) {
    expect(type).toBe('started')
    break
  }
  open()
  expect((await running.result).text).toBe('Hello')
  expect((await watched).at(-1)).toMatchObject({ type: 'completed' })
  expect(await lines(session)).toHaveLength(2)
  expect(sessions.events.filter(({ type }) => type === 'session.reset')).toHaveLength(1)
})

it('leaves the turn alone that begins before a reset has tidied up, and nothing of one that it ended', async () => {
  const inner = memoryStore()
  const [reached, goesOn] = [startGate(), startGate()]
  const store: SessionStore = {
    ...inner,
    async trim(...request) {
      reached.open()
      await goesOn.opened
      return inner.trim(...request)
    },
  }
  const { session, other } = await place(store, {
    flushMs: 3_600_000,
    heartbeatMs: 3_600_000,
    leaseMs: 14_400_000,
    keepMs: 28_800_000,
  })
  const dropped = gated('secret')
  const stopped = other.turn('Hi again', dropped.respond)
  await dropped.begun
  const { turnId } = await stopped.started
  const resetting = session.reset()
  await reached.opened
  const { respond, begun, open } = gated('Hello')
  const running = session.turn('And now', respond)
  await begun
  // Its events are in the store.
  for await (const { type } of other.watchTurn((await running.started).turnId)) if (type === 'text') break
  goesOn.open()
  await resetting
  open()
  expect((await running.result).text).toBe('Hello')
  // Its process finds only now that it has lost the session.
  dropped.open()
  expect(await codeOf(stopped.result)).toBe('turn_lost')
  expect(await codeOf(all(session.watchTurn(turnId)))).toBe('not_found')
  expect(await lines(session)).toEqual(['user: And now (completed)', 'assistant: Hello (completed)'])
})
