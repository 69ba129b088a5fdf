import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type PostgresServer } from '../../src/servers/postgres/postgres.js'
import { queryPostgres } from '../../src/servers/postgres/postgres-query.js'

let postgres: PostgresServer

describe('queryPostgres', () => {
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  it('gives rows as text, and null as null', async () => {
    const rows = await queryPostgres(postgres, "select 1, 'žluť', null, '' union all select 2, 'b', 'c', 'd'")
    expect(rows).toEqual([
      ['1', 'žluť', null, ''],
      ['2', 'b', 'c', 'd'],
    ])
  })

  it('reads answers that come in many pieces', async () => {
    const rows = await queryPostgres(postgres, "select repeat('x', 1000) from generate_series(1, 2000)")
    expect([rows.length, rows.at(-1)?.[0]?.length]).toEqual([2000, 1000])
  })

  it('throws what PostgreSQL says', async () => {
    await expect(queryPostgres(postgres, 'select nonsense')).rejects.toThrow(/42703: column "nonsense"/)
    await expect(queryPostgres(postgres, 'select 1', { database: 'none' })).rejects.toThrow(/3D000/)
  })
})
