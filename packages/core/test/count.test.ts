import { describe, expect, it } from 'vitest'
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
})
