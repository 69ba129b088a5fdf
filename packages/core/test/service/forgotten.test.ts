import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Session } from '../../src/index.js'
import { liveSessionOf } from '../../src/session/live-of.js'
import { alice, service } from '../service.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const serviceOf = (session: Session) => liveSessionOf(session, 'session').service
const bytesOf = (session: Session) => serviceOf(session).histories.bytes

async function used(id: string, sessions = service()) {
  const session = await sessions.for(alice).create({ id })
  await session.append({ role: 'user', content: 'phones '.repeat(100) })
  await session.context({ maxTokens: 1000 })
  await session.info()
  return session
}

describe('what a process remembers of a session', () => {
  it.each([
    ['delete', async (session: Session) => session.delete()],
    ['reset', async (session: Session) => session.reset()],
    ['redact', async (session: Session) => session.redact(1)],
    ['amend', async (session: Session) => session.amend(1, { content: 'other' })],
  ])('is forgotten at once by %s', async (_, run) => {
    const session = await used('one')
    expect(bytesOf(session)).toBeGreaterThan(1000)
    const tallies = vi.spyOn(serviceOf(session).tallies, 'forget')
    await run(session)
    expect(bytesOf(session)).toBe(0)
    expect(tallies).toHaveBeenCalled()
  })

  it('is forgotten once it was out of use for as long as keptMs says, when another session is used', async () => {
    const sessions = service({ context: { keptMs: 1000 } })
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    const one = await used('one', sessions)
    const alone = bytesOf(one)
    clock.mockReturnValue(1000)
    await used('two', sessions)
    expect(bytesOf(one)).toBe(2 * alone)
    clock.mockReturnValue(1001)
    await used('three', sessions)
    expect(bytesOf(one)).toBe(2 * alone)
    clock.mockReturnValue(10_000)
    await used('four', sessions)
    expect(bytesOf(one)).toBe(alone)
  })
})
