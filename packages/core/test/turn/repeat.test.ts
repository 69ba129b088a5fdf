import { expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionStore, textOf, type TurnEvent } from '../../src/index.js'
import { alice, startGate } from '../service.js'

/** A turn that is answered, and gone with all that was kept of it, just when another process begins to follow it. */
async function followedTooLate() {
  const shared = memoryStore()
  const session = await createSessions({ store: shared }).for(alice).open('one')
  const gate = startGate()
  const answer = async function* () {
    await gate.opened
    yield 'Hello'
  }
  const first = session.turn('Hi', answer, { key: 'k' })
  const { turnId } = await first.started
  let reads = 0
  const read: SessionStore['read'] = async (ref, options) => {
    // The first look is whether the turn is alive.
    if (ref.id === turnId && ++reads === 2) {
      gate.open()
      await first.result
      await shared.remove(ref)
    }
    return shared.read(ref, options)
  }
  const store = Object.assign(Object.create(shared) as SessionStore, { read })
  const elsewhere = await createSessions({ store }).for(alice).open('one')
  const never = (): string => {
    throw new Error('asked twice')
  }
  return elsewhere.turn('Hi', never, { key: 'k' })
}

it('has the stored result when what it follows is gone by then', async () => {
  const repeat = await followedTooLate()
  const { reply } = await repeat.result
  expect(textOf(reply)).toBe('Hello')
  expect(await repeat.isRepeat()).toBe(true)
})

it('tells the stored events when what it follows is gone by then', async () => {
  const repeat = await followedTooLate()
  const events: TurnEvent[] = []
  for await (const event of repeat) events.push(event)
  expect(events.map(({ type }) => type)).toEqual(['started', 'text', 'usage', 'completed'])
})
