import { describe, test } from 'vitest'
import { migrate } from '../src/index.js'
import { as, createAppRole, migrated, useServer } from './databases.js'
import { oddPools, useAll } from './odd-pools.js'
import { useRecords } from './use-records.js'

const context = useServer()

describe('a pool of the application with', () => {
  for (const [name, options] of Object.entries(oddPools)) {
    test(name, async () => {
      const pool = context.pools.open(await context.server.createDatabase(), options)
      await migrate(pool)
      await useAll(pool)
      await useRecords(pool)
    })
  }
})

describe('a pool of the application, with row-level security and', () => {
  for (const [name, options] of Object.entries(oddPools)) {
    test(name, async () => {
      const url = await migrated(context.server, { rls: 'sessions.tenant' })
      const owner = context.pools.open(url)
      await createAppRole(owner, `app_${Math.random().toString(36).slice(2)}`).catch(() => undefined)
      const { rows } = await owner.query<{ name: string }>(
        "select rolname as name from pg_roles where rolname like 'app_%' order by oid desc limit 1",
      )
      const pool = context.pools.open(as(rows[0]!.name, url), options)
      await useAll(pool, { rls: 'sessions.tenant' })
      await useRecords(pool, { rls: 'sessions.tenant' })
    })
  }
})
