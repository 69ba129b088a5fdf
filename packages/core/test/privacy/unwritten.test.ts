import { afterEach, expect, it, vi } from 'vitest'
import { listIndex } from '../search/list-index.js'

afterEach(() => {
  vi.useRealTimers()
  // Files share a process: another one must not find what has taken the timers of these tests.
  vi.resetModules()
})

it.each(['search', 'usage'] as const)(
  'an erasure is not done while what the user said waits for the %s: it would come after it',
  async (kind) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.resetModules()
    const { createSessions, memoryStore } = await import('../../src/index.js')
    const { storeUsageLog } = await import('../../src/usage/store-usage-log.js')
    const steps: string[] = []
    let go = (): void => {}
    const isThere = new Promise<void>((resolve) => (go = resolve))
    const index = listIndex()
    const log = storeUsageLog(memoryStore())
    const written = async <Made>(of: string, work: () => Promise<Made>): Promise<Made> => {
      if (of === kind) await isThere
      return work().finally(() => of === kind && steps.push('written'))
    }
    const sessions = createSessions({
      store: memoryStore(),
      credentialSecrets: ['a secret that all processes know, and nobody else'],
      search: { index: { ...index, put: (...given) => written('search', () => index.put(...given)) } },
      usage: { log: { ...log, append: (...given) => written('usage', () => log.append(...given)) } },
      onWarning: () => {},
    })
    const user = { tenantId: 'acme', userId: 'alice' }
    /** Lets time pass until work has ended. */
    const ended = async (work: Promise<unknown>): Promise<string> => {
      const state = { told: '' }
      work.then(
        () => (state.told = 'done'),
        ({ code }) => (state.told = code),
      )
      while (state.told === '') {
        // Modules that are loaded now take no time of this clock.
        await new Promise((resolve) => setImmediate(resolve))
        await vi.advanceTimersByTimeAsync(50)
      }
      return state.told
    }
    const talk = async (): Promise<void> => {
      const session = await sessions.for(user).create()
      await session.turn('Hi', () => ['There', { type: 'usage', inputTokens: 1 }]).result
    }
    const erase = () => ended(sessions.privacy.erase({ ...user, by: 'alice', reason: 'article 17' }))
    await ended(talk())
    steps.push(await erase())
    go()
    steps.push(await erase())
    expect(steps).toEqual(['unavailable', 'written', 'done'])
    expect(index.rows()).toEqual([])
    await ended(sessions.close())
  },
)
