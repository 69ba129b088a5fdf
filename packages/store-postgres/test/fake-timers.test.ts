import { createSessions } from '@sessions/core'
import { afterEach, expect, it, vi } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'

const context = useServer()
afterEach(() => void vi.useRealTimers())

it('works on while a test of the application holds the clock', async () => {
  const pool = context.pools.open(await migrated(context.server))
  const sessions = createSessions({ store: postgresStore(pool) })
  const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
  const session = await mine.open('one')
  vi.useFakeTimers()
  await Promise.all(
    Array.from({ length: 300 }, (_, n) => session.append({ role: 'user', content: String(n) })),
  )
  await vi.advanceTimersByTimeAsync(60_000)
  await Promise.all([1, 2, 3].map((n) => session.state.merge({ [n]: n })))
  expect((await mine.get('one')).record.lastSeq).toBe(300)
})
