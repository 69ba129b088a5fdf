import { describe, expect, it } from 'vitest'
import type { Role } from '../../src/stores/contender.js'
import { entries } from '../../src/stores/contenders/entries.js'
import { rawMemory } from '../../src/stores/contenders/raw-memory.js'
import { nameOf, toGroups } from '../../src/stores/groups.js'
import { toRatios } from '../../src/stores/judge.js'
import { measure, type Measured, type Row } from '../../src/stores/measure.js'
import { SessionPool } from '../../src/stores/session-pool.js'
import { verify } from '../../src/stores/verify.js'
import { nextMessage } from '../../src/stores/workload.js'

describe('verify', () => {
  it.each(entries.filter(({ backend }) => backend === 'memory'))(
    '$name does what it is measured for',
    async (entry) => {
      const contender = await entry.open('')
      await verify(entry.name, contender)
      await contender.close()
    },
  )

  it('finds one that stores an id twice', async () => {
    const contender = rawMemory()
    const broken = {
      ...contender,
      append: (id: string, message: { id: string; payload: string }) =>
        contender.append(id, { ...message, id: `${message.id}-${Math.random()}` }),
    }
    await expect(verify('broken', broken)).rejects.toThrow('broken does not do what it is measured for')
  })
})

describe('the work', () => {
  it('is messages of about 394 bytes', () => {
    const { payload } = nextMessage()
    expect(Buffer.byteLength(payload)).toBeGreaterThan(370)
    expect(Buffer.byteLength(payload)).toBeLessThan(410)
    expect(nextMessage().payload).toHaveLength(payload.length)
  })

  it('is done on sessions that stay about as long as they are said to be', async () => {
    const contender = rawMemory()
    const pool = new SessionPool(contender, 100, 4)
    await pool.refresh()
    const first = pool.ids
    pool.grew(pool.room / 2)
    await pool.refresh()
    expect(pool.ids).toBe(first)
    pool.grew(pool.room)
    await pool.refresh()
    expect(pool.ids).not.toEqual(first)
    expect((await contender.read(pool.ids[0]!, 1))!.lastSeq).toBe(100)
    expect(await contender.read(first[0]!, 1)).toBeUndefined()
  })

  it('is measured in every round, by every client, however little of it the machine gets done', async () => {
    const contender = rawMemory()
    const pool = new SessionPool(contender, 10, 4)
    const rows: Row[] = [{ name: 'raw', role: 'raw', history: 10, contender, pool }]
    const [measured] = await measure(rows, { operation: 'append', clients: 2, rounds: 3, sliceMs: 0 })
    expect(measured!.rates).toHaveLength(3)
    expect(Math.min(...measured!.rates)).toBeGreaterThan(0)
    expect(measured!.latencies).toHaveLength(6)
  })
})

describe('the bars', () => {
  const ofAll = toGroups(false).flatMap(({ bars }) => bars)

  it('are asked in a quick run as well, with all that they need', () => {
    const quick = toGroups(true)
    expect(quick.flatMap(({ bars }) => bars)).toEqual(ofAll)
    for (const { bars, histories } of quick) {
      for (const { ours, against } of bars) {
        expect(histories).toContain(ours)
        expect(histories).toEqual(expect.arrayContaining(Object.values(against)))
      }
    }
  })

  it('are those that were promised', () => {
    expect(ofAll.map(({ name, bar }) => `${name} >= ${bar}`)).toEqual([
      'sqlite normal append, 1 client: store over raw driver >= 0.8',
      'sqlite normal append, 1 client: 5,000 messages over 100 >= 0.9',
      'sqlite normal read, 1 client: store over raw driver >= 0.8',
      'sqlite normal read, 1 client: 5,000 messages over 100 >= 0.9',
      'sqlite full append, 1 client: store over raw driver >= 0.8',
      'sqlite full append, 1 client: 5,000 messages over 100 >= 0.9',
      'sqlite full read, 1 client: store over raw driver >= 0.8',
      'sqlite full read, 1 client: 5,000 messages over 100 >= 0.9',
      'redis append, 1 client: store over raw driver >= 0.9',
      'redis append, 1 client: 5,000 messages over 100 >= 0.9',
      'redis append, 1 client: processor time of the store over that of the encrypted one >= 0.55',
      'redis read, 1 client: store over raw driver >= 0.9',
      'redis read, 1 client: 5,000 messages over 100 >= 0.9',
      'redis read, 1 client: processor time of the store over that of the encrypted one >= 0.4',
      'postgres append, 1 client: store over raw driver >= 0.9',
      'postgres append, 1 client: 5,000 messages over 100 >= 0.9',
      'postgres append, 1 client: processor time of the store over that of the encrypted one >= 0.67',
      'postgres append, 32 clients: store over uncoalesced raw statement >= 1.5',
      'postgres read, 1 client: store over raw driver >= 0.9',
      'postgres read, 1 client: 5,000 messages over 100 >= 0.9',
      'postgres read, 1 client: processor time of the store over that of the encrypted one >= 0.4',
    ])
  })

  it('compare our store with raw at the same length, with itself at another, and with itself encrypted', () => {
    const group = toGroups(true).find((one) => nameOf(one) === 'redis append, 1 client')!
    const rates: [role: Role, history: number, rates: number[], costs: number[]][] = [
      ['ours', 100, [80, 80, 8], [30, 30, 60]],
      ['ours', 5000, [40, 40, 40], []],
      ['sealed', 100, [], [40, 40, 90]],
      ['raw', 100, [100, 100, 10], []],
    ]
    const measured = rates.map(
      ([role, history, rates, costs]) => ({ row: { role, history }, rates, costs }) as unknown as Measured,
    )
    expect(toRatios(group, measured).map(({ ratio }) => ratio)).toEqual([0.8, 0.5, 0.75])
  })
})
