import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createSessions, type SessionWarning } from '../../src/index.js'
import { alice, codeOf } from '../service.js'

// Timers that are due at once, and a clock that goes on as it does.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const never = async (): Promise<never> => new Promise(() => {})

/** What work comes to, while no timer lets it wait. */
async function seen<T>(work: Promise<T>): Promise<T> {
  let isOver = false
  const end = (): void => void (isOver = true)
  work.then(end, end)
  for (;;) {
    await vi.advanceTimersByTimeAsync(1000)
    if (isOver) return work
  }
}

it('contexts do without an embed that hangs, ask it again later, and the service closes', async () => {
  const causes: string[] = []
  const onWarning = ({ cause }: SessionWarning): void => void causes.push((cause as Error).message)
  let calls = 0
  let isUp = false
  const embed = async (texts: readonly string[]) => {
    calls++
    return isUp ? texts.map(() => [1, 2]) : never()
  }
  const sessions = createSessions({ context: { embed }, onWarning })
  const session = await sessions.for(alice).create()
  for (let batch = 0; batch < 6; batch++) {
    await session.append(
      Array.from({ length: 50 }, (_, index) => ({ role: 'user', content: `${batch} said ${index}` })),
    )
  }
  const asked = { maxTokens: 500, query: 'What was said?' }
  const all = await seen(Promise.all([session.context(asked), session.context(asked)]))
  expect(all.every(({ messages }) => messages.length > 0)).toBe(true)
  // One for each context, where three batches and a question would be eight of half a minute each.
  expect(calls).toBeLessThan(4)
  expect(causes).toContain('embed took longer than 30 seconds')
  expect(causes).toContain('embed did not answer, and is not called for 30 seconds')
  isUp = true
  const later = performance.now() + 30_001
  vi.spyOn(performance, 'now').mockImplementation(() => later)
  calls = causes.length = 0
  await seen(session.context(asked))
  expect([calls > 0, causes]).toEqual([true, []])
  isUp = false
  const left = session.context({ ...asked, query: 'And what else?' })
  await seen(sessions.close())
  await left
})

it('what a redact that hangs was to redact is refused, and the service closes', async () => {
  const warnings: string[] = []
  const sessions = createSessions({ redact: never, onWarning: ({ code }) => warnings.push(code) })
  const session = await sessions.for(alice).create()
  const appending = codeOf(session.append({ role: 'user', content: 'Hi' }))
  await seen(sessions.close())
  expect([await appending, warnings]).toEqual(['redaction_failed', ['redact_failed']])
})
