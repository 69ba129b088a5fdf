import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { alice, codeOf } from '../service.js'
import { fast, gated, lines } from './turns.js'

it('a turn keeps its session alive, however long it takes', async () => {
  let now = Date.now()
  const store = memoryStore({ clock: () => now })
  const idleMs = 60
  const session = await createSessions({ store, turns: fast, ttl: { idleMs } }).for(alice).open('one')
  const { respond, begun, open } = gated('Hello')
  const turn = session.turn('Hi', respond)
  await begun
  // Several lives of an idle session, in steps that are each shorter than one.
  for (let step = 0; step < 6; step++) {
    now += 40
    await until(async () => (await store.read(session.ref))!.record.expiresAt! >= now + idleMs)
  }
  open()
  expect((await turn.result).status).toBe('completed')
  expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
  now += 61
  expect(await codeOf(session.history())).toBe('not_found')
})
