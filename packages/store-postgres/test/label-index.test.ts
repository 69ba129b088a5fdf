import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { checkSchema, migrate, type MigrateOptions, migrationSql, postgresStore } from '../src/index.js'
import { latestVersion } from '../src/schema/migrations.js'
import { as, createAppRole, patient, useServer } from './databases.js'
import { noteStatements } from './sent-statements.js'

const context = useServer()
const tenantId = '~turns:acme'
const ref = { tenantId, id: 's17' }

/** The tables as version 4 has them. */
async function atVersion4(options: Omit<MigrateOptions, 'timeoutMs'> = {}): Promise<pg.Pool> {
  const pool = context.pools.open(await context.server.createDatabase(), patient.pool)
  const [before, after] = migrationSql(options).split('create index if not exists')
  await pool.query(before!.slice(0, before!.lastIndexOf('do $migration$')) + 'commit')
  expect(after).toContain('values (5)')
  return pool
}

/** Sessions: each tenth is of one label, the others have one of their own. */
async function fill(pool: pg.Pool, count: number, tenant = tenantId): Promise<void> {
  await pool.query(
    `insert into llm_sessions (tenant_id, id, incarnation, revision, changes, last_seq, created_at, updated_at, active_at,
      user_id, label, body)
    select $1, 's' || n, 'i' || n, 1, 1, 0, n, n, n, 'user ' || n % 300,
      case when n % 10 = 0 then 'support' else 'label ' || n end, rpad('{}', 400) from generate_series(1, $2::integer) n`,
    [tenant, count],
  )
}

/** A row a page, so that few sessions make a large table. */
const large = 10_000
const roomy = (table: string) => `alter table ${table} set (fillfactor = 10)`

async function indexes(pool: pg.Pool): Promise<Record<string, boolean>> {
  const { rows } = await pool.query<{ name: string; valid: boolean }>(
    `select indexrelid::regclass::text as name, indisvalid as valid from pg_index
    where indexrelid::regclass::text like '%label\\_active%' order by 1`,
  )
  return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]))
}

async function listed(pool: pg.Pool, label: string): Promise<string[]> {
  const { items } = await postgresStore(pool, patient.store).list({ tenantId, label, limit: 3 })
  return items.map(({ id }) => id)
}

describe('a list by label', () => {
  test('goes by the index of labels, of few sessions and of many, in whichever plan', async () => {
    const pool = context.pools.open(await context.server.createDatabase(), { max: 1 })
    await migrate(pool)
    const store = postgresStore(pool, patient.store)
    const sent = noteStatements(pool)
    const list = async (query: { label?: string; userId?: string }) => {
      const first = await store.list({ tenantId, limit: 100, ...query })
      if (first.cursor === undefined) return first.items
      const next = await store.list({ tenantId, limit: 100, ...query, cursor: first.cursor })
      return [...first.items, ...next.items]
    }
    // The server makes the plans while there is nothing.
    for (let n = 0; n < 10; n++) await list({ label: 'support' })
    await fill(pool, 50_000)
    const support = Array.from({ length: 200 }, (_, index) => `s${50_000 - index * 10}`)
    for (const statistics of ['none', 'analyzed']) {
      if (statistics === 'analyzed') await pool.query('vacuum analyze')
      expect((await list({ label: 'label 17' })).map(({ id }) => id)).toEqual(['s17'])
      expect((await list({ label: 'support' })).map(({ id }) => id)).toEqual(support)
      expect(await list({ label: 'none' })).toEqual([])
      const ofUser = support.filter((id) => Number(id.slice(1)) % 300 === 10)
      const found = await list({ label: 'support', userId: 'user 10' })
      expect(found.slice(0, ofUser.length).map(({ id }) => id)).toEqual(ofUser)
    }
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await pool.query(`set plan_cache_mode = ${mode}`)
      for (const label of ['label 17', 'support', 'none']) {
        for (const cursor of [false, true]) {
          const plan = await planOf(pool, sent.texts, { label, cursor })
          expect(plan, `${mode} ${label}`).toMatch(/Index Scan using llm_sessions_label_active/)
          expect(plan).not.toMatch(/Sort|Seq Scan/)
        }
      }
      const both = await planOf(pool, sent.texts, { label: 'support', user: 'user 10', cursor: false })
      expect(both, mode).toMatch(/Index Scan using llm_sessions_user_active/)
      expect(both).not.toMatch(/Sort|Seq Scan|label_active/)
    }
  })

  /** How the server runs a list that was sent, by a prepared statement of the same text. */
  async function planOf(
    pool: pg.Pool,
    texts: readonly string[],
    { label, user, cursor }: { label: string; user?: string; cursor: boolean },
  ): Promise<string> {
    const text = texts.find(
      (sql) =>
        sql.includes('t.label') &&
        sql.includes('t.user_id =') === (user !== undefined) &&
        sql.includes('t.active_at <=') === cursor,
    )!
    const values = [
      tenantId,
      ...(user === undefined ? [] : [user]),
      label,
      ...(cursor ? [40_000, ''] : []),
      100,
    ]
    const given = values.map((value) => `'${value}'`).join(', ')
    await pool.query(`prepare listing as ${text}`)
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain execute listing(${given})`)
    await pool.query('deallocate listing')
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
})

describe('version 4 to 5', () => {
  test('keeps every session; a store on version 4 works before and after it', async () => {
    const pool = await atVersion4()
    await fill(pool, 500)
    const store = postgresStore(pool, patient.store)
    await store.commit(ref, { messages: [{ id: 'm1', payload: 'one' }] })
    expect(await listed(pool, 'label 17')).toEqual(['s17'])
    await expect(checkSchema(pool)).rejects.toMatchObject({
      code: 'store_failed',
      message: new RegExp(`at version 4 and this package needs version ${latestVersion}`),
    })
    expect(await migrate(pool)).toEqual({ from: 4, to: latestVersion })
    await checkSchema(pool)
    expect(await indexes(pool)).toEqual({ llm_sessions_label_active: true })
    await store.commit(ref, { label: 'moved', messages: [{ id: 'm2', payload: 'two' }] })
    expect(await listed(pool, 'label 17')).toEqual([])
    expect(await listed(pool, 'moved')).toEqual(['s17'])
    expect(await listed(pool, 'support')).toEqual(['s500', 's490', 's480'])
    expect((await store.read(ref, { tail: 9 }))!.messages.map(({ payload }) => payload)).toEqual([
      'one',
      'two',
    ])
  })

  test('a large table takes writes while its index is made; processes at once make one', async () => {
    const pool = await atVersion4()
    await pool.query(roomy('llm_sessions'))
    await fill(pool, large)
    const store = postgresStore(pool, patient.store)
    const url = (pool.options as { connectionString: string }).connectionString
    const migrators = Array.from({ length: 4 }, () => context.pools.open(url, { ...patient.pool, max: 1 }))
    const sent = migrators.map(noteStatements)
    // An index that is made beside the writes waits for this transaction, and nobody else does.
    const old = await pool.connect()
    let migrated
    try {
      await old.query('begin')
      await old.query(`update llm_sessions set title = 'held' where id = 's1'`)
      migrated = Promise.all(migrators.map((each) => migrate(each)))
      await untilBuilding(pool)
      await store.commit(ref, { label: 'moved' })
      expect(await indexes(pool)).toEqual({ llm_sessions_label_active: false })
    } finally {
      await old.query('commit')
      old.release()
    }
    const results = await migrated
    expect(results.map(({ from }) => from).toSorted()).toEqual([4, 5, 5, 5])
    expect(await indexes(pool)).toEqual({ llm_sessions_label_active: true })
    expect(
      sent.flatMap(({ texts }) => texts.filter((text) => /create index concurrently/.test(text))).length,
    ).toBeGreaterThan(0)
    expect(await listed(pool, 'moved')).toEqual(['s17'])
    expect(await listed(pool, 'label 18')).toEqual(['s18'])
  })

  async function untilBuilding(pool: pg.Pool): Promise<void> {
    for (;;) {
      const { rows } = await pool.query<{ building: boolean; waiting: boolean }>(
        `select exists (select from pg_stat_progress_create_index) as building, exists (
          select from pg_locks where locktype = 'relation' and mode = 'ShareLock' and not granted) as waiting`,
      )
      if (rows[0]!.waiting) throw new Error('writes would wait for the index')
      if (rows[0]!.building) return
    }
  }

  test('an index that was not finished is made anew, and one that was made before stays', async () => {
    const pool = await atVersion4()
    await fill(pool, 500)
    const sql = `create index concurrently "llm_sessions_label_active" on llm_sessions (tenant_id, label, active_at desc, id)
      where label is not null`
    await pool.query(sql)
    await pool.query(
      `update pg_index set indisvalid = false where indexrelid = 'llm_sessions_label_active'::regclass`,
    )
    expect(await migrate(pool)).toEqual({ from: 4, to: latestVersion })
    expect(await indexes(pool)).toEqual({ llm_sessions_label_active: true })

    const other = await atVersion4()
    await other.query(sql)
    const idOf = async () =>
      (await other.query(`select 'llm_sessions_label_active'::regclass::oid as id`)).rows
    const made = await idOf()
    expect(await migrate(other)).toEqual({ from: 4, to: latestVersion })
    expect(await idOf()).toEqual(made)
  })

  test('the SQL makes an index anew that was not finished', async () => {
    const pool = await atVersion4()
    await fill(pool, 50)
    await pool.query(`create index "llm_sessions_label_active" on llm_sessions (label)`)
    await pool.query(
      `update pg_index set indisvalid = false where indexrelid = 'llm_sessions_label_active'::regclass`,
    )
    await pool.query(migrationSql())
    expect(await indexes(pool)).toEqual({ llm_sessions_label_active: true })
    const { rows } = await pool.query<{ sql: string }>(
      `select pg_get_indexdef('llm_sessions_label_active'::regclass) as sql`,
    )
    expect(rows[0]!.sql).toContain('(tenant_id, label, active_at DESC, id)')
  })

  test('a timeout of the pool that is too short says what to do, and the next call goes on', async () => {
    const pool = await atVersion4()
    await pool.query(roomy('llm_sessions'))
    await fill(pool, large)
    const url = (pool.options as { connectionString: string }).connectionString
    const old = await pool.connect()
    try {
      await old.query('begin')
      await old.query(`update llm_sessions set title = 'held' where id = 's1'`)
      const hasty = context.pools.open(url, { max: 1, statement_timeout: 300 })
      await expect(migrate(hasty)).rejects.toMatchObject(tooShort('statement_timeout'))
      // As a role has it: what a connection says of itself is another setting.
      const hurried = context.pools.open(url, { max: 1, options: '-c lock_timeout=300' })
      await expect(migrate(hurried)).rejects.toMatchObject(tooShort('lock_timeout'))
      await expect(migrate(url, { timeoutMs: 1500 })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/longer than timeoutMs.*call migrate\(\) again/) as string,
      })
      await old.query('rollback')
    } finally {
      old.release()
    }
    expect(await migrate(url)).toEqual({ from: 4, to: latestVersion })
    expect(await indexes(pool)).toEqual({ llm_sessions_label_active: true })
  })

  const tooShort = (setting: string) => ({
    code: 'store_failed',
    message: expect.stringMatching(
      new RegExp(
        `the ${setting} of the connection, or of its role, .*drop index concurrently if exists "public"."llm_sessions_label_active"; ` +
          'create index concurrently "llm_sessions_label_active" on "public"."llm_sessions" \\(',
      ),
    ) as string,
  })

  test('an index that another process finishes at that moment is not made anew', async () => {
    const pool = await atVersion4()
    await pool.query(`create index "llm_sessions_label_active" on llm_sessions (tenant_id, label, active_at desc, id)
      where label is not null`)
    const valid = (value: boolean) =>
      pool.query(
        `update pg_index set indisvalid = $1 where indexrelid = 'llm_sessions_label_active'::regclass`,
        [value],
      )
    await valid(false)
    const { connectionString } = pool.options as { connectionString: string }
    const migrator = context.pools.open(connectionString, { ...patient.pool, max: 1 })
    const sent = noteStatements(migrator)
    migrator.on('connect', (client) => {
      const query = client.query.bind(client) as (
        config: object,
        done: (...answer: unknown[]) => void,
      ) => void
      client.query = ((config: { text: string }, done: (...answer: unknown[]) => void) => {
        if (!config.text.includes('pg_stat_progress_create_index')) query(config, done)
        else query(config, (...answer) => void valid(true).then(() => done(...answer)))
      }) as never
    })
    expect(await migrate(migrator)).toEqual({ from: 4, to: latestVersion })
    expect(sent.texts.filter((text) => /index concurrently/.test(text))).toEqual([])
  })

  test('an index that another role is making, as an administrator does, is left to it', async () => {
    const pool = await atVersion4()
    await fill(pool, 10)
    await createAppRole(pool, 'label_owner')
    await pool.query('grant create on schema public to label_owner')
    await pool.query('alter table llm_sessions owner to label_owner')
    await pool.query('alter table llm_session_migrations owner to label_owner')
    const { connectionString } = pool.options as { connectionString: string }
    const migrator = context.pools.open(as('label_owner', connectionString), { ...patient.pool, max: 1 })
    const sent = noteStatements(migrator)
    const old = await pool.connect()
    let made, migrated
    try {
      await old.query('begin')
      await old.query(`update llm_sessions set title = 'held' where id = 's1'`)
      made = pool.query(`create index concurrently "llm_sessions_label_active" on llm_sessions
        (tenant_id, label, active_at desc, id) where label is not null`)
      await untilBuilding(pool)
      const looks = new Promise<void>((resolve) => {
        let count = 0
        sent.onSend = (text) => {
          if (/index concurrently/.test(text)) resolve()
          if (/pg_stat_progress_create_index/.test(text) && ++count === 3) resolve()
        }
      })
      migrated = migrate(migrator)
      await Promise.race([looks, migrated])
    } finally {
      await old.query('commit')
      old.release()
    }
    await made
    expect(await migrated).toEqual({ from: 4, to: latestVersion })
    expect(sent.texts.filter((text) => /index concurrently/.test(text))).toEqual([])
    expect(await indexes(pool)).toEqual({ llm_sessions_label_active: true })
  })

  test('goes on after a deadlock with a transaction of another', async () => {
    const pool = await atVersion4()
    await fill(pool, 10)
    const other = await pool.connect()
    try {
      await other.query(`set deadlock_timeout = '10min'`)
      await other.query('begin')
      await other.query(`update llm_sessions set title = 'held' where id = 's1'`)
      const migrated = migrate(pool)
      for (let isWaiting = false; !isWaiting;) {
        const { rows } = await pool.query<{ waiting: boolean }>(
          `select exists (select from pg_locks where relation = 'llm_sessions'::regclass and not granted) as waiting`,
        )
        isWaiting = rows[0]!.waiting
      }
      await Promise.all([
        other
          .query(
            `select pg_advisory_xact_lock(hashtext('@sessions/store-postgres'), hashtext('public.llm_'))`,
          )
          .then(() => other.query('commit')),
        expect(migrated).resolves.toEqual({ from: 4, to: latestVersion }),
      ])
    } finally {
      other.release(true)
    }
    expect(await indexes(pool)).toEqual({ llm_sessions_label_active: true })
  })

  test('of tables with policies, and of tables in partitions', async () => {
    const pool = await atVersion4({ rls: 'sessions.tenant' })
    expect(await migrate(pool, { rls: 'sessions.tenant' })).toEqual({ from: 4, to: latestVersion })
    const { rows } = await pool.query<{ version: string }>(
      `select current_setting('server_version_num') as version`,
    )
    if (Number(rows[0]!.version) < 170_000) return
    const parted = await atVersion4({ partitions: 2 })
    const { rows: parts } = await parted.query<{ part: string }>(
      `select satisfies_hash_partition('llm_sessions'::regclass, 2, 0, $1::text)::integer::text as part`,
      [tenantId],
    )
    const part = `llm_sessions_p${parts[0]!.part === '1' ? 0 : 1}`
    await parted.query(roomy(part))
    await fill(parted, large)
    expect(await migrate(parted, { partitions: 2 })).toEqual({ from: 4, to: latestVersion })
    expect(await indexes(parted)).toMatchObject({
      [`${part}_label_active`]: true,
      llm_sessions_label_active: true,
    })
    expect(await listed(parted, 'label 17')).toEqual(['s17'])
  })
})
