import { describe, expect, it } from 'vitest'
import { memoryStore } from '../src/index.js'
import { alice, service } from './service.js'

describe('count', () => {
  it('tells how many sessions the caller has, by label, up to a number', async () => {
    const sessions = service()
    const mine = sessions.for(alice)
    await Promise.all(
      Array.from({ length: 1003 }, async (_, at) => mine.create({ label: at < 3 ? 'shop' : 'chat' })),
    )
    await sessions.for({ ...alice, userId: 'bob' }).create()
    expect(await mine.count()).toBe(1003)
    expect(await mine.count({ label: 'shop' })).toBe(3)
    expect(await mine.count({ atMost: 1001 })).toBe(1001)
    const admin = sessions.for({ tenantId: alice.tenantId, roles: ['admin'] })
    expect(await admin.count()).toBe(1004)
    expect(await admin.count({ userId: 'bob' })).toBe(1)
    expect(await sessions.for({ tenantId: alice.tenantId }).count()).toBe(0)
    await expect(mine.count({ atMost: 0 })).rejects.toMatchObject({ code: 'invalid', path: 'atMost' })
  })
  it('counts each once that becomes active while it counts', async () => {
    let now = Date.now()
    const inner = memoryStore({ clock: () => now })
    const limits = { maxSessions: 5000, maxSessionsPerUser: 5000 }
    const made = service({ store: inner, limits }).for(alice)
    await Promise.all(Array.from({ length: 1200 }, async (_, n) => made.create({ id: `s${n + 1000}` })))
    now += 600_000
    let pages = 0
    const store = {
      ...inner,
      list: async (query: Parameters<typeof inner.list>[0]) => {
        const page = await inner.list(query)
        if (++pages > 1) return page
        now += 1000
        // The oldest move to the beginning, which was read; so does one that was counted there.
        for (const id of ['s2199', page.items[0]!.id])
          await (await made.get(id)).append({ role: 'user', content: 'still here' })
        return page
      },
    }
    const mine = service({ store, limits }).for(alice)
    expect(await mine.count()).toBe(1200)
    pages = 0
    expect(await mine.count({ atMost: 1100 })).toBe(1100)
  })
})
