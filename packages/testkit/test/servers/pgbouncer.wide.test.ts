import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPgBouncer, startPostgres, type PgBouncer, type PostgresServer } from '../../src/index.js'
import { queryPostgres } from '../../src/servers/postgres/postgres-query.js'
import { isAlive } from '../../src/process/process-table.js'

let postgres: PostgresServer

describe('a PgBouncer', () => {
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  const settingsOf = async (bouncer: PgBouncer): Promise<Map<string | null, string | null>> => {
    const rows = await queryPostgres(bouncer, 'SHOW CONFIG', { database: 'pgbouncer' })
    return new Map(rows.map(([name, value]) => [name!, value!]))
  }

  it('passes on to any database, in transaction mode, and ends when it is told to', async () => {
    const bouncer = await startPgBouncer(postgres, { settings: { admin_users: 'postgres' } })
    const url = await postgres.createDatabase('behind')
    expect(bouncer.through(url)).toBe(`postgres://postgres@127.0.0.1:${bouncer.port}/behind`)
    const rows = await queryPostgres(bouncer, 'select current_database()', { database: 'behind' })
    expect(rows).toEqual([['behind']])
    const settings = await settingsOf(bouncer)
    expect(settings.get('pool_mode')).toBe('transaction')
    expect([undefined, '0']).toContain(settings.get('max_prepared_statements'))
    const { pid } = bouncer
    await bouncer.stop()
    expect(isAlive(pid)).toBe(false)
  })

  it('of 1.21 or newer keeps statements prepared', async () => {
    const bouncer = await startPgBouncer(postgres, {
      maxPreparedStatements: 10,
      settings: { admin_users: 'postgres' },
    })
    expect((await settingsOf(bouncer)).get('max_prepared_statements')).toBe('10')
    await bouncer.restart()
    expect(await queryPostgres(bouncer, 'select 1')).toEqual([['1']])
    await bouncer.stop()
  })
})
