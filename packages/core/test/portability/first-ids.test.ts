import { expect, it } from 'vitest'
import { FirstIds } from '../../src/portability/first-ids.js'
import { importerOf } from '../../src/portability/import-into.js'

it('64 KiB of ids are told, and how many came after them', () => {
  const first = new FirstIds()
  for (const id of ['я'.repeat(16_384), 'x'.repeat(32_768), 'y', 'z']) first.add(id)
  expect([first.ids.map((id) => id.length), first.leftOff]).toEqual([[16_384, 32_768], 2])
})

it('an import for a user is of that user, and one for a tenant of an admin', () => {
  expect(importerOf({ tenantId: 'acme' })).toEqual({ tenantId: 'acme', roles: ['admin'] })
  expect(importerOf({ tenantId: 'acme', userId: 'alice' })).toEqual({ tenantId: 'acme', userId: 'alice' })
  for (const [into, path] of [
    [{ tenantId: 'acme', user: 'alice' }, 'into.user'],
    [{ tenantId: 5 }, 'into.tenantId'],
    [{ tenantId: '' }, 'tenantId'],
  ] as const)
    expect(() => importerOf(into as never)).toThrow(expect.objectContaining({ code: 'invalid', path }))
})
