import { expect, test, vi } from 'vitest'
import { MemorySession } from '../../../src/contract/memory/memory-session.js'
import { memoryStore } from '../../../src/contract/memory/memory-store.js'

test('a list by label looks at the sessions of the label, however many there are', async () => {
  const store = memoryStore()
  const tenantId = '~turns:acme'
  for (let n = 0; n < 2000; n++) {
    const label = n % 500 === 0 ? 'wanted' : `other ${n}`
    await store.commit({ tenantId, id: `s${n}` }, { revision: 0, label, userId: `user ${n % 2}` })
  }
  const lookedAt = vi.spyOn(MemorySession.prototype, 'isPast')
  const listed = async (query: { label?: string; userId?: string }) => {
    lookedAt.mockClear()
    const { items } = await store.list({ tenantId, limit: 100, ...query })
    return { found: items.length, lookedAt: lookedAt.mock.calls.length }
  }
  expect(await listed({ label: 'wanted' })).toEqual({ found: 4, lookedAt: 4 })
  expect(await listed({ label: 'none' })).toEqual({ found: 0, lookedAt: 0 })
  expect(await listed({ label: 'wanted', userId: 'user 0' })).toMatchObject({ found: 4 })
  expect(await listed({ label: 'wanted', userId: 'user 1' })).toMatchObject({ found: 0 })
  await store.commit({ tenantId, id: 's0' }, { label: 'other' })
  await store.commit({ tenantId, id: 's500' }, { label: '' })
  await store.remove({ tenantId, id: 's1000' })
  expect(await listed({ label: 'wanted' })).toEqual({ found: 1, lookedAt: 1 })
  expect(await listed({ label: 'other' })).toEqual({ found: 1, lookedAt: 1 })
  lookedAt.mockRestore()
})
