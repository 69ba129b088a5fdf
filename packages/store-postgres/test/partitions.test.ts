import { expect, test } from 'vitest'
import { migrate, migrationSql, postgresStore } from '../src/index.js'
import { latestVersion } from '../src/schema/migrations.js'
import { useServer } from './databases.js'

const context = useServer()

/** A pool on a new database, and whether its server can have such tables. */
async function opened() {
  const pool = context.pools.open(await context.server.createDatabase())
  const { rows } = await pool.query<{ version: string }>(
    `select current_setting('server_version_num') as version`,
  )
  return { pool, isAble: Number(rows[0]!.version) >= 170_000 }
}

test('migrate makes both tables in partitions, on servers that can have them', async () => {
  const { pool, isAble } = await opened()
  const options = { schema: 'chat', tablePrefix: 'x_' }
  const migrating = migrate(pool, { ...options, partitions: 4 })
  if (!isAble) {
    await expect(migrating).rejects.toMatchObject({ code: 'store_failed', message: /PostgreSQL 17/ })
    return
  }
  expect(await migrating).toEqual({ from: 0, to: latestVersion })
  const store = postgresStore(pool, options)
  for (let n = 0; n < 40; n++) {
    const ref = { tenantId: `tenant ${n}`, id: 'one' }
    await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: 'one' }], idleMs: 60_000 })
    await store.commit(ref, { messages: [{ id: 'm2', payload: 'two' }], ...(n < 10 ? { idleMs: 0 } : {}) })
  }
  const { rows } = await pool.query<{ name: string; count: number; lines: number }>(
    `select tableoid::regclass::text as name, count(*)::int as count from chat.x_sessions group by 1`,
  )
  expect(rows.map(({ name }) => name).toSorted()).toEqual([0, 1, 2, 3].map((n) => `chat.x_sessions_p${n}`))
  expect(await store.sweep({ limit: 100 })).toBe(10)
  for (const tenantId of ['tenant 9', 'tenant 10']) {
    expect((await store.list({ tenantId, limit: 5 })).items.length).toBe(tenantId === 'tenant 9' ? 0 : 1)
  }
  expect((await store.read({ tenantId: 'tenant 39', id: 'one' }, { tail: 5 }))?.messages).toHaveLength(2)
  // Again, with as many and with others.
  expect(await migrate(pool, { ...options, partitions: 4 })).toEqual({
    from: latestVersion,
    to: latestVersion,
  })
  expect(await migrate(pool, options)).toEqual({ from: latestVersion, to: latestVersion })
  await expect(migrate(pool, { ...options, partitions: 8 })).rejects.toMatchObject({
    code: 'store_failed',
    message: /in 4 partitions and not in 8/,
  })
})

test('tables that are there without partitions stay so, and say so', async () => {
  const { pool, isAble } = await opened()
  await migrate(pool)
  const message = isAble ? /in 0 partitions and not in 4/ : /PostgreSQL 17/
  await expect(migrate(pool, { partitions: 4 })).rejects.toMatchObject({ code: 'store_failed', message })
  expect(await migrate(pool)).toEqual({ from: latestVersion, to: latestVersion })
})

test('the SQL makes them, too', async () => {
  const { pool, isAble } = await opened()
  const sql = migrationSql({ partitions: 2 })
  if (!isAble) {
    await expect(pool.query(sql)).rejects.toThrow('partitioned')
    return
  }
  await pool.query(sql)
  await pool.query(sql)
  expect(await migrate(pool, { partitions: 2 })).toEqual({ from: latestVersion, to: latestVersion })
})

test.each([0, 1, 1025, 2.5])('refuses %d partitions', async (partitions) => {
  const refusal = { code: 'invalid', path: 'partitions' }
  await expect(migrate('postgres://nobody@localhost:1/none', { partitions })).rejects.toMatchObject(refusal)
  expect(() => migrationSql({ partitions })).toThrow(expect.objectContaining(refusal))
})
