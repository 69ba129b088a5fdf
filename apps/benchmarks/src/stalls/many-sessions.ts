import { createSessions, memoryStore, type Sessions } from '@sessions/core'

const tenantId = 'many'
const dayMs = 86_400_000
const sessionsOfDay = 100
const topics = Array.from({ length: 3000 }, (_, index) => `topic${index.toString(36)}`)
const phases = ['browsing', 'compare', 'checkout', 'support', 'return']

/**
 * Sessions of 4,000 users about 3,000 things, 100 on each day, as analytics counts them. All is read from memory, which
 * leaves nothing to wait for.
 */
export async function manySessions(count: number): Promise<{ sessions: Sessions; tenantId: string }> {
  let now = Date.UTC(2026, 0, 1)
  const sessions = createSessions({
    store: memoryStore({ clock: () => now, maxSessions: count, maxBytes: 1024 ** 3 }),
    ttl: { idleMs: 1000 * dayMs, absoluteMs: 1000 * dayMs },
    experiments: { price: { arms: { a: 1, b: 1 } } },
    onWarning: () => {},
  })
  for (let index = 0; index < count; index++) {
    now += dayMs / sessionsOfDay
    const mine = sessions.for({ tenantId, userId: `user ${index % 4000}` })
    const said = [7, 11, 13].map((step) => topics[(index * step) % topics.length]!)
    const session = await mine.create({
      preferences: { colour: `colour ${index % 500}` },
      state: { phase: phases[index % phases.length]! },
      ...(index % 2 === 0
        ? { cart: [{ sku: 'P', name: 'P', price: { amount: index, currency: 'EUR' } }] }
        : {}),
    })
    await session.append({ role: 'user', content: `I look for ${said.join(', or ')}, please` })
    if (index % 5 === 0) await session.state.merge({ phase: phases[(index + 2) % phases.length]! })
    if (index % 10 === 0) await session.cart.checkout()
    if (index % 4 === 0) await sessions.armOf(session, 'price')
  }
  const { total, complete } = await sessions.analytics({ tenantId })
  if (total.sessions !== count || !complete) throw new Error(`${total.sessions} sessions, not ${count}`)
  return { sessions, tenantId }
}
