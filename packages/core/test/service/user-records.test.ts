import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { sideRecordKinds, sideRecordTenant } from '../../src/service/side-records.js'
import { alice, codeOf, service } from '../service.js'

const secrets = ['the first secret of them all, long enough', 'a newer secret than that, also long enough']

describe('what is kept of a user beside their sessions', () => {
  const options = (store = memoryStore(), credentialSecrets: readonly string[] = secrets) => ({
    store,
    credentialSecrets,
    budgets: [{ scope: 'user' as const, maxTokens: 10 }],
    limits: { maxSessionsPerUser: 2 },
  })
  const uses = (inputTokens: number) => () => [{ type: 'usage' as const, inputTokens }, 'ok']

  it('names the user in userId, where they are found, and in no id', async () => {
    const store = memoryStore()
    const session = await service(options(store)).for(alice).create()
    await session.turn('hi', uses(1)).result
    for (const kind of ['budgets', 'slots'] as const) {
      const tenantId = sideRecordTenant(kind, 'acme')
      const { items } = await store.list({ tenantId, userId: 'alice', limit: 10 })
      expect(items, kind).toHaveLength(1)
    }
    for (const kind of sideRecordKinds) {
      const { items } = await store.list({ tenantId: sideRecordTenant(kind, 'acme'), limit: 10 })
      for (const { id } of items) expect(id).not.toContain('alice')
    }
  })

  it('goes on when the secrets are rotated', async () => {
    const store = memoryStore()
    const [old, newer] = secrets as [string, string]
    const session = await service(options(store, [old]))
      .for(alice)
      .create({ id: 'one' })
    await session.turn('hi', uses(10)).result
    await service(options(store, [old]))
      .for(alice)
      .create()
    const mine = service(options(store, [newer, old])).for(alice)
    expect(await codeOf((await mine.get('one')).turn('again', uses(1)).result)).toBe('budget_exceeded')
    expect(await codeOf(mine.create())).toBe('limit_reached')
  })
})

describe('an evicted session', () => {
  it('takes what is kept beside it along', async () => {
    const store = memoryStore()
    const sessions = service({ store, limits: { maxSessionsPerUser: 1, whenFull: 'evict' } })
    const mine = sessions.for(alice)
    const one = await mine.create()
    await one.turn('my number is 4711', () => '4711').result
    const turns = { tenantId: sideRecordTenant('turns', 'acme'), limit: 10 }
    expect((await store.list(turns)).items).toHaveLength(1)
    await mine.create()
    expect((await store.list(turns)).items).toEqual([])
    expect(await codeOf(one.read())).toBe('not_found')
    expect(sessions.events.filter(({ type }) => type === 'session.evicted')).toMatchObject([
      { sessionId: one.id, userId: 'alice', actor: 'system' },
    ])
  })

  it('is the very one that was seen: nobody else loses theirs who has its id by now', async () => {
    const store = memoryStore()
    let remade = false
    const racing = {
      ...store,
      list: async (query: Parameters<typeof store.list>[0]) => {
        const page = await store.list(query)
        if (!remade && query.userId === 'alice' && page.items.some(({ id }) => id === 'one')) {
          remade = true
          await store.remove({ tenantId: 'acme', id: 'one' })
          await service({ store }).for({ tenantId: 'acme', userId: 'bob' }).create({ id: 'one' })
        }
        return page
      },
    }
    const mine = service({ store: racing, limits: { maxSessionsPerUser: 1, whenFull: 'evict' } }).for(alice)
    await mine.create({ id: 'one' })
    await mine.create({ id: 'two' })
    expect((await store.read({ tenantId: 'acme', id: 'one' }))?.record.userId).toBe('bob')
  })
})
