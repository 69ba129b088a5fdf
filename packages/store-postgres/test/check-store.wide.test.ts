import { checkStore } from '@sessions/core/store'
import { startPostgres } from '@sessions/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { createPostgresPool, postgresStore } from '../src/index.js'
import { migrated } from './databases.js'

test('a server that a crash may damage', async () => {
  const careless = await startPostgres({ settings: { fsync: 'off' } })
  const pool = createPostgresPool(await migrated(careless))
  onTestFinished(async () => {
    await pool.end()
    await careless.stop()
  })
  const findings = await checkStore(postgresStore(pool))
  expect(findings).toEqual([
    {
      level: 'warning',
      code: 'durability',
      message: expect.stringMatching(/^fsync or full_page_writes/) as string,
    },
  ])
})
