import { afterEach, expect, it, vi } from 'vitest'
import { createSessions, memoryStore, type Respond } from '../../src/index.js'
import { alice, codeOf } from '../service.js'

afterEach(() => void vi.restoreAllMocks())

const uses = (inputTokens: number): Respond =>
  async function* () {
    yield 'There'
    yield { type: 'usage', inputTokens }
  }

it.each([600_000, -600_000])(
  'a process whose clock is %i ms off spends from the same window, with its first turn too',
  async (ms) => {
    const now = Date.UTC(2026, 0, 1)
    const store = memoryStore({ clock: () => now })
    const settings = {
      store,
      credentialSecrets: ['a secret that all processes know, and nobody else'],
      budgets: [{ scope: 'tenant' as const, maxTokens: 100, windowMs: 600_000 }],
    }
    const session = await createSessions(settings).for(alice).create()
    expect(await codeOf(session.turn('Hi', uses(100)).result)).toBe('settled')
    const real = Date.now.bind(Date)
    vi.spyOn(Date, 'now').mockImplementation(() => real() + ms)
    const there = await createSessions(settings).for(alice).get(session.id)
    expect(await codeOf(there.turn('And?', uses(1)).result)).toBe('budget_exceeded')
  },
)
