import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.useRealTimers()
})

it('tells of what is larger than all that may wait, although nothing else waits', async () => {
  vi.useFakeTimers()
  vi.resetModules()
  const { TenantQueue } = await import('../../src/service/tenant-queue.js')
  const written: unknown[] = []
  const dropped: unknown[] = []
  const queue = new TenantQueue<string>({
    maxBytes: 10,
    delayMs: 100,
    write: async (tenantId, items) => written.push([tenantId, items]),
    onDropped: (count, cause) => dropped.push([count, cause]),
  })
  queue.add('acme', 'too large', 11)
  await vi.advanceTimersByTimeAsync(100)
  expect(dropped).toEqual([[1, undefined]])
  queue.add('acme', 'fits', 10)
  queue.add('acme', 'does not fit beside it', 1)
  await queue.flush()
  expect(written).toEqual([['acme', ['fits']]])
  expect(dropped).toEqual([
    [1, undefined],
    [1, undefined],
  ])
})
