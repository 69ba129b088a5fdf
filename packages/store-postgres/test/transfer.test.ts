import { createSessions, type SessionsOfCaller } from '@sessions/core'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'

const context = useServer()
const credentialSecrets = ['a secret that only these tests may know']
let pools: pg.Pool[]
let services: SessionsOfCaller[]

beforeAll(async () => {
  const url = await migrated(context.server)
  pools = Array.from({ length: 4 }, () => context.pools.open(url))
  services = pools.map((pool) =>
    createSessions({ store: postgresStore(pool), credentialSecrets }).for({ tenantId: 'acme' }),
  )
})

/** Every row of every table, as text. */
async function dump(pool: pg.Pool): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
  )
  const found: unknown[] = []
  for (const { name } of tables) found.push((await pool.query(`select t::text from ${name} t`)).rows)
  return JSON.stringify(found)
}

describe.each(['move', 'share', 'copy'] as const)('transfers on Postgres: %s', (mode) => {
  test('of 200 who redeem at once, over four pools, one gets it, and Postgres knows no code', async () => {
    const source = await services[0]!.create({ state: { phase: 'checkout' } })
    const old = await source.credential()
    const { secret, shortCode } = await source.transfer({ mode })
    const settled = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => services[index % 4]!.redeem({ secret })),
    )
    const won = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    const lost = settled.flatMap((each) =>
      each.status === 'rejected' ? [each.reason as { code: string }] : [],
    )
    expect(won).toMatchObject([{ status: 'redeemed' }])
    expect(new Set(lost.map(({ code }) => code))).toEqual(new Set(['not_found']))
    const [redemption] = won
    if (redemption?.status !== 'redeemed') return
    const opened = await services[1]!.findByCredential(redemption.credential)
    expect(await opened?.state.get()).toEqual({ phase: 'checkout' })
    expect((await services[2]!.findByCredential(old)) === undefined).toBe(mode === 'move')
    const everything = await dump(pools[0]!)
    for (const text of [source.id, 'checkout']) expect(everything).toContain(text)
    for (const text of [secret, shortCode, old, redemption.credential]) expect(everything).not.toContain(text)
  })

  test('a code that was tried too often waits, over all pools', async () => {
    const source = await services[0]!.create()
    const { shortCode } = await source.transfer({ mode })
    const caller = `caller of ${mode}`
    const tries = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        services[index % 4]!.redeem({ shortCode: `ZZZZZZ${index + 10}`, caller }),
      ),
    )
    const codes = tries.map((each) =>
      each.status === 'rejected' ? (each.reason as { code: string }).code : '',
    )
    expect(codes.filter((code) => code === 'not_found')).toHaveLength(5)
    expect(codes.filter((code) => code === 'limit_reached')).toHaveLength(35)
    await expect(services[3]!.redeem({ shortCode, caller })).rejects.toMatchObject({ code: 'limit_reached' })
  })
})
