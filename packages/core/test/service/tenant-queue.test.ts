import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.useRealTimers()
  // Files share a process: another one must not find what has taken the timers of these tests.
  vi.resetModules()
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

/** A queue whose writes a test ends, by a clock of its own. */
async function held(maxBytes = 1e6) {
  vi.useFakeTimers()
  vi.resetModules()
  const { TenantQueue } = await import('../../src/service/tenant-queue.js')
  const writes: { tenantId: string; count: number; end: (error?: Error) => Promise<void> }[] = []
  const dropped: unknown[][] = []
  const queue = new TenantQueue<number>({
    maxBytes,
    delayMs: 100,
    write: (tenantId, items) =>
      new Promise<void>((resolve, reject) => {
        const end = async (error?: Error) => {
          if (error === undefined) resolve()
          else reject(error)
          await vi.advanceTimersByTimeAsync(0)
        }
        writes.push({ tenantId, count: items.length, end })
      }),
    onDropped: (...told) => dropped.push(told),
  })
  const add = (tenantId: string, count: number, bytes = 1) => {
    for (let n = 0; n < count; n++) queue.add(tenantId, n, bytes)
  }
  const taken = () => writes.map(({ tenantId, count }) => `${tenantId}${count}`).join(' ')
  return { queue, writes, dropped, add, taken }
}

it('writes what came within its delay together, up to 200 at once, one write for a tenant at a time', async () => {
  const { writes, add, taken, dropped } = await held()
  add('a', 199)
  await vi.advanceTimersByTimeAsync(99)
  expect(taken()).toBe('')
  await vi.advanceTimersByTimeAsync(1)
  expect(taken()).toBe('a199')
  // A full batch waits for nothing but the one before it.
  add('b', 200)
  expect(taken()).toBe('a199 b200')
  add('a', 250)
  await vi.advanceTimersByTimeAsync(1000)
  expect(taken()).toBe('a199 b200')
  await writes[0]!.end()
  expect(taken()).toBe('a199 b200 a200')
  await writes[2]!.end()
  expect(taken()).toBe('a199 b200 a200 a50')
  add('c', 1)
  await vi.advanceTimersByTimeAsync(50)
  add('c', 1)
  await vi.advanceTimersByTimeAsync(50)
  expect([taken(), dropped]).toEqual(['a199 b200 a200 a50 c2', []])
})

it('writes for four tenants at a time, and settles when all is written', async () => {
  const { queue, writes, add, taken } = await held()
  for (const tenant of 'abcdef') add(tenant, 1)
  let isFlushed = false
  const flushing = queue.flush().then(() => (isFlushed = true))
  expect(taken()).toBe('a1 b1 c1 d1')
  await writes[1]!.end()
  expect(taken()).toBe('a1 b1 c1 d1 e1')
  for (const each of writes.slice()) await each.end()
  for (const each of writes.slice()) await each.end()
  expect([taken(), isFlushed]).toEqual(['a1 b1 c1 d1 e1 f1', true])
  await flushing
  await queue.flush()
})

it('tries a write again three times, and then tells what was lost, and why', async () => {
  const { writes, add, taken, dropped } = await held()
  add('a', 2)
  await vi.advanceTimersByTimeAsync(100)
  for (const ms of [100, 400, 1600]) {
    await writes.at(-1)!.end(new Error('away'))
    const before = writes.length
    await vi.advanceTimersByTimeAsync(ms - 1)
    expect(writes).toHaveLength(before)
    await vi.advanceTimersByTimeAsync(1)
    expect(writes).toHaveLength(before + 1)
  }
  const cause = new Error('still away')
  await writes.at(-1)!.end(cause)
  expect([taken(), dropped]).toEqual(['a2 a2 a2 a2', [[2, cause]]])
})

it('takes as many bytes as may wait, and tells of what it dropped once nothing waits', async () => {
  const { writes, add, dropped } = await held(10)
  add('a', 3, 4)
  add('b', 1, 2)
  await vi.advanceTimersByTimeAsync(100)
  expect([writes.map(({ count }) => count), dropped]).toEqual([[2, 1], []])
  // What is being written still waits.
  add('c', 1, 1)
  await writes[0]!.end()
  add('c', 1, 8)
  await writes[1]!.end()
  await vi.advanceTimersByTimeAsync(100)
  await writes[2]!.end()
  expect([writes.map(({ count }) => count), dropped]).toEqual([[2, 1, 1], [[2, undefined]]])
})

describe('a flush', () => {
  it('waits for nothing that comes meanwhile: a busy service never has nothing that waits', async () => {
    const { queue, writes, add } = await held()
    add('a', 1)
    let isFlushed = false
    const flushing = queue.flush().then((isWritten) => (isFlushed = isWritten))
    add('a', 1)
    add('b', 1)
    await vi.advanceTimersByTimeAsync(100)
    await writes[0]!.end()
    expect(isFlushed).toBe(true)
    await flushing
  })

  it('of a tenant waits for no other, and stands behind none', async () => {
    const { queue, writes, add, taken } = await held()
    for (const tenant of 'abcde') add(tenant, 1)
    add('mine', 201)
    await vi.advanceTimersByTimeAsync(100)
    expect(taken()).toBe('a1 b1 c1 d1')
    const flushing = queue.flush('mine')
    expect(taken()).toBe('a1 b1 c1 d1 mine200')
    await writes[4]!.end()
    expect(taken()).toBe('a1 b1 c1 d1 mine200 mine1')
    await writes[5]!.end()
    expect(await flushing).toBe(true)
    expect(await queue.flush('nobody')).toBe(true)
  })

  it('gives up after ten seconds, and what waits goes on', async () => {
    const { queue, writes, add, taken, dropped } = await held()
    add('a', 201)
    const flushing = queue.flush('a')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await flushing).toBe(false)
    await writes[0]!.end()
    expect(taken()).toBe('a200 a1')
    await writes[1]!.end()
    expect([await queue.flush(), dropped]).toEqual([true, []])
  })
})

it('drops at the end what cannot be written within ten seconds, tells it once, and tries nothing again', async () => {
  const { queue, writes, add, dropped } = await held(300)
  for (let tenant = 0; tenant < 300; tenant++) add(`t${tenant}`, 1)
  let isDrained = false
  const draining = queue.drain().then(() => (isDrained = true))
  await vi.advanceTimersByTimeAsync(9999)
  expect([isDrained, writes.length, dropped]).toEqual([false, 4, []])
  await vi.advanceTimersByTimeAsync(1)
  await draining
  expect(dropped).toEqual([[296, expect.objectContaining({ code: 'unavailable' })]])
  for (const write of writes.slice()) await write.end(new Error('away'))
  await vi.advanceTimersByTimeAsync(10_000)
  expect([writes.length, dropped.length]).toEqual([4, 5])
  // There is room again.
  add('a', 300)
  await vi.advanceTimersByTimeAsync(100)
  expect(writes.at(-1)?.count).toBe(200)
})

it('does not keep a service from closing whose usage and index are never written', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.resetModules()
  const { createSessions } = await import('../../src/index.js')
  const never = async () => new Promise<never>(() => {})
  const warned: string[] = []
  const sessions = createSessions({
    credentialSecrets: ['a secret that all processes know, and nobody else'],
    usage: { log: { append: never } },
    search: { index: { put: never, drop: never, own: never, find: never } as never },
    onWarning: ({ code }) => warned.push(code),
  })
  let passed = 0
  /** Lets time pass until work has ended. */
  const ended = async (work: Promise<unknown>, most = Infinity): Promise<void> => {
    const state = { isOpen: true }
    work.catch(() => {}).finally(() => (state.isOpen = false))
    while (state.isOpen && passed < most) {
      // Modules that are loaded now take no time of this clock.
      await new Promise((resolve) => setImmediate(resolve))
      await vi.advanceTimersByTimeAsync(10)
      passed += 10
    }
  }
  const talk = async (): Promise<void> => {
    for (let tenant = 0; tenant < 6; tenant++) {
      const session = await sessions.for({ tenantId: `t${tenant}`, userId: 'u' }).create()
      await session.turn('Hi', () => ['There', { type: 'usage', inputTokens: 1 }]).result
      await session.redact(1)
    }
  }
  await ended(talk())
  passed = 0
  await ended(sessions.close(), 40_000)
  expect(passed).toBeLessThan(40_000)
  expect(warned).toContain('usage_dropped')
  expect(warned.filter((code) => code === 'search_failed').length).toBeGreaterThan(0)
})
