import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionErrorCode, type SessionStore } from '../../src/index.js'
import { storeUsageLog, type UsageEvent, type UsageLog } from '../../src/usage.js'
import { codeOf } from '../service.js'

const dayMs = 86_400_000
const minuteMs = 60_000
const noon = Date.parse('2026-03-01T12:00:00Z')
const midnight = Date.parse('2026-03-02T00:00:00Z')
const logs = { tenantId: '~usage:acme' }

const event = (id: string, at = noon, more: Partial<UsageEvent> = {}): UsageEvent => ({
  id,
  at,
  outcome: 'completed',
  inputTokens: 1,
  outputTokens: 2,
  ...more,
})
const span = (from: number, to: number) => ({ tenantId: 'acme', from, to })
const always = span(0, Number.MAX_SAFE_INTEGER)

async function idsOf(log: UsageLog, of = always): Promise<string[]> {
  const ids: string[] = []
  for await (const events of log.read!(of)) ids.push(...events.map(({ id }) => id))
  return ids
}

const fails = (code: SessionErrorCode) => async (): Promise<never> => {
  throw new SessionError(code, 'just now')
}

describe('a span', () => {
  const days = [-1, 0, 1, 2].map((day) => midnight + day * dayMs)
  const filled = async (store: SessionStore) => {
    const log = storeUsageLog(store)
    for (const day of days)
      for (const hour of [1, 12, 23])
        await log.append('acme', [event(`${days.indexOf(day)}.${hour}`, day + hour * 3_600_000)])
    return log
  }
  const all = [0, 1, 2, 3].flatMap((day) => [1, 12, 23].map((hour) => `${day}.${hour}`))

  it('has what is of its first moment or later, and before its last', async () => {
    const log = await filled(memoryStore())
    expect(await idsOf(log)).toEqual(all)
    for (const [index, id] of all.entries()) {
      const [day, hour] = id.split('.').map(Number) as [number, number]
      const at = days[day]! + hour * 3_600_000
      expect(await idsOf(log, span(at, always.to))).toEqual(all.slice(index))
      expect(await idsOf(log, span(at + 1, always.to))).toEqual(all.slice(index + 1))
      expect(await idsOf(log, span(0, at))).toEqual(all.slice(0, index))
      expect(await idsOf(log, span(0, at + 1))).toEqual(all.slice(0, index + 1))
    }
    expect(await idsOf(log, span(days[1]!, days[2]!))).toEqual(['1.1', '1.12', '1.23'])
  })

  it('reads no day that it does not touch', async () => {
    const store = memoryStore()
    await filled(store)
    const read: string[] = []
    const messages: SessionStore['messages'] = async (ref, query) => {
      read.push(ref.id)
      return store.messages(ref, query)
    }
    const log = storeUsageLog({ ...store, messages })
    await idsOf(log, span(days[1]!, days[2]!))
    expect(read).toEqual(['2026-03-02'])
    read.length = 0
    await idsOf(log, span(days[1]! - 1, days[2]! + 1))
    expect(read).toEqual(['2026-03-01', '2026-03-02', '2026-03-03'])
  })

  it('is read in pages of any size, of lists and of logs', async () => {
    const store = memoryStore()
    await filled(store)
    for (const most of [1, 2]) {
      const log = storeUsageLog({
        ...store,
        list: async (query) => store.list({ ...query, limit: most }),
        messages: async (ref, query) => store.messages(ref, { ...query, limit: most }),
      })
      expect(await idsOf(log)).toEqual(all)
    }
  })

  it('is rewritten, as far as something is another, and counts that', async () => {
    const log = await filled(memoryStore())
    const label = (of: UsageEvent) => (of.id.endsWith('.12') ? { ...of, label: 'noon' } : of)
    expect(await log.rewrite!(span(days[1]!, days[1]! + 12 * 3_600_000), label)).toBe(0)
    expect(await log.rewrite!(span(days[1]! + 12 * 3_600_000, days[3]! + 12 * 3_600_000), label)).toBe(2)
    const labelled: string[] = []
    for await (const events of log.read!(always))
      labelled.push(...events.filter((each) => each.label === 'noon').map(({ id }) => id))
    expect(labelled).toEqual(['1.12', '2.12'])
    expect(await log.rewrite!(always, label)).toBe(2)
    expect(await log.rewrite!(always, label)).toBe(0)
  })

  it('is without the day that is removed just then, and not without one that cannot be read', async () => {
    const store = memoryStore()
    await filled(store)
    const messages =
      (code: SessionErrorCode): SessionStore['messages'] =>
      async (ref, query) =>
        ref.id === '2026-03-02' ? fails(code)() : store.messages(ref, query)
    const gone = storeUsageLog({ ...store, messages: messages('not_found') })
    expect(await idsOf(gone)).toEqual(all.filter((id) => !id.startsWith('1.')))
    expect(await codeOf(idsOf(storeUsageLog({ ...store, messages: messages('unavailable') })))).toBe(
      'unavailable',
    )
    await store.commit({ ...logs, id: '2026-03-02' }, { messages: [{ id: 'x', payload: 'none' }] })
    const error: unknown = await idsOf(storeUsageLog(store)).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'corrupt', cause: expect.any(SyntaxError) })
  })

  it('begins after the days that are over their time, as many as may be removed', async () => {
    const store = memoryStore()
    const log = await filled(store)
    await store.commit({ ...logs, id: 'followed' }, { revision: 0 })
    expect(await log.prune!('acme', days[1]! - 1, 9)).toBe(0)
    expect(await log.prune!('acme', days[1]!, 9)).toBe(1)
    expect(await idsOf(log)).toEqual(all.slice(3))
    expect(await log.prune!('acme', days[3]! + dayMs, 2)).toBe(2)
    expect(await idsOf(log)).toEqual(all.slice(9))
    expect(await log.prune!('acme', days[3]! + dayMs, 2)).toBe(1)
    expect(await log.prune!('acme', days[3]! + dayMs, 2)).toBe(0)
    expect((await store.list({ ...logs, limit: 9 })).items.map(({ id }) => id)).toEqual(['followed'])
  })
})

describe('what is appended', () => {
  /** How many events each commit of a log has. */
  function counting() {
    const store = memoryStore()
    const sizes: number[] = []
    const commit: SessionStore['commit'] = async (ref, change) => {
      const committed = await store.commit(ref, change)
      if (change.messages !== undefined) sizes.push(change.messages.length)
      return committed
    }
    return { store, log: storeUsageLog({ ...store, commit }), sizes }
  }

  it('goes in commits of 200 events, and of 2 MiB', async () => {
    const { log, sizes } = counting()
    const many = Array.from({ length: 450 }, (_, index) => event(`e${index}`))
    expect(await log.append('acme', many)).toBe(450)
    expect(sizes).toEqual([200, 200, 50])
    expect(await idsOf(log)).toEqual(many.map(({ id }) => id))
    sizes.length = 0
    const model = 'm'.repeat(1024 * 1024 - 200)
    expect(
      await log.append(
        'acme',
        ['a', 'b', 'c', 'd', 'e'].map((id) => event(id, noon, { model })),
      ),
    ).toBe(5)
    expect(sizes).toEqual([2, 2, 1])
    sizes.length = 0
    expect(
      await log.append('acme', [event('f', noon, { model: 'm'.repeat(3 * 1024 * 1024) }), event('g')]),
    ).toBe(2)
    expect(sizes).toEqual([1, 1])
    expect(await log.append('acme', [])).toBe(0)
  })

  it('counts what is new, day by day', async () => {
    const { log, sizes } = counting()
    expect(await log.append('acme', [event('a'), event('b', noon + dayMs), event('c')])).toBe(3)
    expect(sizes).toEqual([2, 1])
    expect(await log.append('acme', [event('a'), event('d')])).toBe(1)
    expect(await log.append('acme', [event('a'), event('d')])).toBe(0)
    expect(
      await log.append('acme', [event('a', noon, { model: 'x' }), event('d', noon, { model: 'x' })]),
    ).toBe(0)
    expect(await log.append('other', [event('a')])).toBe(1)
  })

  it('is not, where the store refuses it, and is where another process has made the day', async () => {
    const store = memoryStore()
    const refusing = (code: SessionErrorCode, isMaking: boolean): UsageLog =>
      storeUsageLog({
        ...store,
        commit: async (ref, change) =>
          (change.revision === 0) === isMaking ? fails(code)() : store.commit(ref, change),
      })
    expect(await codeOf(refusing('store_full', true).append('acme', [event('a')]))).toBe('store_full')
    expect(await idsOf(storeUsageLog(store))).toEqual([])
    const racing = storeUsageLog({
      ...store,
      async commit(ref, change) {
        if (change.revision === 0) await store.commit(ref, change)
        return store.commit(ref, change)
      },
    })
    expect(await racing.append('acme', [event('a')])).toBe(1)
    expect(await codeOf(refusing('store_full', false).append('acme', [event('b')]))).toBe('store_full')
    expect(await codeOf(refusing('conflict', false).append('acme', [event('b')]))).toBe('conflict')
  })
})

describe('a turn that two processes end', () => {
  const fileIn = async (first: UsageEvent, second: UsageEvent) => {
    const store = memoryStore()
    const counts = [
      await storeUsageLog(store).append('acme', [first]),
      await storeUsageLog(store).append('acme', [second]),
    ]
    const filed = (await store.list({ ...logs, limit: 9 })).items.filter(({ id }) => id.startsWith('filed:'))
    return { counts, filed, ids: await idsOf(storeUsageLog(store)) }
  }

  it('within ten minutes around midnight is of the day that the first one says', async () => {
    for (const [one, other] of [
      [midnight - 1, midnight],
      [midnight + 9 * minuteMs, midnight - 9 * minuteMs],
      [midnight - 10 * minuteMs, midnight + 10 * minuteMs - 1],
    ] as const) {
      const { counts, filed, ids } = await fileIn(event('a', one), event('a', other))
      expect([counts, ids, filed.length]).toEqual([[1, 0], ['a'], 1])
      expect(filed[0]!.expiresAt! - filed[0]!.updatedAt).toBe(30 * dayMs)
    }
  })

  it('and lost is of the first day, whenever that was; others cost no record beside them', async () => {
    const lost = { outcome: 'lost' } as const
    const late = await fileIn(event('a', noon, lost), event('a', noon + dayMs))
    expect([late.counts, late.filed.length]).toEqual([[1, 1], 1])
    const both = await fileIn(event('a', noon, lost), event('a', noon + dayMs, lost))
    expect([both.counts, both.ids]).toEqual([[1, 0], ['a']])
    const near = await fileIn(event('a', midnight - 10 * minuteMs - 1), event('b', midnight + 10 * minuteMs))
    expect([near.counts, near.filed.length]).toEqual([[1, 1], 0])
    const two = await fileIn(event('a', midnight), event('b', midnight))
    expect([two.counts, two.filed.length]).toEqual([[1, 1], 2])
  })
})
