import { createSessions } from '@sessions/core'
import { afterEach, expect, it, vi } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { useFiles } from './files.js'

const newPath = useFiles()
afterEach(() => void vi.useRealTimers())

it('works on while a test of the application holds the clock', async () => {
  const sessions = createSessions({ store: sqliteStore(newPath()) })
  const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
  const session = await mine.open('one')
  vi.useFakeTimers()
  await Promise.all(
    Array.from({ length: 300 }, (_, n) =>
      session.append({ role: 'user', content: `${n} ${'x'.repeat(5000)}` }),
    ),
  )
  await vi.advanceTimersByTimeAsync(60_000)
  await Promise.all([1, 2, 3].map((n) => session.state.merge({ [n]: n })))
  expect((await mine.get('one')).record.lastSeq).toBe(300)
})
