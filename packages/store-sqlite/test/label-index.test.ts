import { expect, test } from 'vitest'
import { migrate, migrationSql, type SqliteDatabase, sqliteStore } from '../src/index.js'
import { openRaw, patient, useFiles } from './files.js'
import { startStore } from './store-process.js'

const newPath = useFiles()
const tenantId = '~turns:acme'
// Up to the index by label.
const before = migrationSql().split('create index if not exists "llm_sessions_label_active"')[0]! + 'commit'

/** Sessions of the earlier version: each tenth is of one label, the others have one of their own. */
function fill(database: SqliteDatabase, count: number): void {
  database.exec(`with recursive n(n) as (select 1 union all select n + 1 from n where n < ${count})
    insert into llm_sessions (tenant_id, id, incarnation, revision, changes, last_seq, created_at, updated_at, active_at, user_id, label)
    select '${tenantId}', 's' || n, 'i' || n, 1, 1, 0, n, n, n, 'user ' || (n % 3),
      case when n % 10 = 0 then 'support' else 'label ' || n end from n`)
  database.exec(`insert into llm_session_bodies select skey, '{}' from llm_sessions`)
}

/** A store that notes what its lists run, and by which index. */
function planned(database: SqliteDatabase) {
  const plans: string[] = []
  const note = (sql: string, values: readonly unknown[]): void => {
    if (!sql.includes('order by active_at')) return
    const rows = database.prepare(`explain query plan ${sql}`).all(...(values as [])) as { detail: string }[]
    plans.push(...rows.map(({ detail }) => detail.replace(/^SEARCH llm_sessions USING /, '')))
  }
  const noting: SqliteDatabase = {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        all: (...values) => (note(sql, values), statement.all(...values)),
        get: (...values) => (note(sql, values), statement.get(...values)),
        run: (...values) => statement.run(...values),
      }
    },
    close: () => {},
  }
  return { plans, store: sqliteStore(noting, patient) }
}

test.each(['as they are', 'analyzed'])(
  'a list by label goes by the index of labels: tables %s',
  async (how) => {
    const database = openRaw(newPath())
    await migrate(database)
    fill(database, 30_000)
    if (how === 'analyzed') database.exec('analyze')
    const { store, plans } = planned(database)
    const listed = async (query: { label?: string; userId?: string }) => {
      plans.length = 0
      let page = await store.list({ tenantId, limit: 100, ...query })
      const found = [...page.items]
      while (page.cursor !== undefined && found.length < 250) {
        page = await store.list({ tenantId, limit: 100, ...query, cursor: page.cursor })
        found.push(...page.items)
      }
      return found.map(({ id }) => Number(id.slice(1)))
    }
    const byLabel = /^(COVERING )?INDEX llm_sessions_label_active \(tenant_id=\? AND label=\?/
    expect(await listed({ label: 'label 17' })).toEqual([17])
    expect(
      plans.every((plan) => byLabel.test(plan)),
      plans.join('\n'),
    ).toBe(true)
    expect(plans.length, 'one step').toBe(2)
    expect(await listed({ label: 'none' })).toEqual([])
    expect(
      plans.every((plan) => byLabel.test(plan)),
      plans.join('\n'),
    ).toBe(true)
    expect(plans.length, 'one step').toBe(2)
    // Newest first, over several pages.
    const support = Array.from({ length: 300 }, (_, index) => 30_000 - index * 10)
    expect(await listed({ label: 'support' })).toEqual(support)
    expect(
      plans.every((plan) => byLabel.test(plan)),
      plans.join('\n'),
    ).toBe(true)
    expect(plans.length, 'a step each page').toBe(6)
    const ofUser = support.filter((n) => n % 3 === 1)
    expect((await listed({ label: 'support', userId: 'user 1' })).slice(0, ofUser.length)).toEqual(ofUser)
    expect(
      plans.every((plan) => /llm_sessions_user_active/.test(plan)),
      plans.join('\n'),
    ).toBe(true)
    database.close()
  },
)

test('version 3 to 4 keeps every session, and lists it by its label; processes at once do it once', async () => {
  const path = newPath()
  const raw = openRaw(path)
  raw.exec(before)
  fill(raw, 5000)
  // A store of the earlier version that is open meanwhile.
  const older = sqliteStore(raw, patient)
  const ref = { tenantId, id: 's17' }
  await older.commit(ref, { messages: [{ id: 'm1', payload: 'one' }] })
  expect((await older.list({ tenantId, label: 'label 17', limit: 5 })).items).toHaveLength(1)

  const started = await Promise.all(
    Array.from({ length: 4 }, () => startStore({ driver: 'libsql', path, store: patient })),
  )
  const results = await Promise.all(started.map((each) => each.migrate()))
  expect(results.map(({ from }) => from).toSorted()).toEqual([3, 4, 4, 4])
  await Promise.all(started.map((each) => each.kill()))

  await older.commit(ref, { label: 'moved', messages: [{ id: 'm2', payload: 'two' }] })
  const store = sqliteStore(path, patient)
  for (const each of [store, older]) {
    const list = async (label: string) => (await each.list({ tenantId, label, limit: 1000 })).items
    expect(await list('label 17')).toEqual([])
    expect(await list('moved')).toMatchObject([{ id: 's17', lastSeq: 2 }])
    expect(await list('support')).toHaveLength(500)
  }
  expect(raw.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  await store.close()
  raw.close()
})

test('an index that was made by hand beforehand stays', async () => {
  const path = newPath()
  const raw = openRaw(path)
  raw.exec(before)
  fill(raw, 100)
  raw.exec(
    'create index llm_sessions_label_active on llm_sessions (tenant_id, label, active_at desc, id) where label is not null',
  )
  raw.close()
  expect(await migrate(path)).toEqual({ from: 3, to: 4 })
  const store = sqliteStore(path, patient)
  expect((await store.list({ tenantId, label: 'support', limit: 1000 })).items).toHaveLength(10)
  await store.close()
})
