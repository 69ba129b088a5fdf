import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type PostgresServer } from '../../src/servers/postgres/postgres.js'
import { queryPostgres } from '../../src/servers/postgres/postgres-query.js'
import { childrenOf, isAlive } from '../../src/process/process-table.js'
import { waitUntil } from '../../src/wait-until.js'

let postgres: PostgresServer

const ask = (sql: string): Promise<(string | null)[][]> => queryPostgres(postgres, sql)

describe('a PostgreSQL', () => {
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  it('answers, with the encoding and settings that tests count on', async () => {
    const sql =
      "select name, setting from pg_settings where name in ('server_encoding', 'fsync', 'max_connections')"
    const settings = Object.fromEntries(await ask(`${sql} order by name`)) as Record<string, string>
    expect(settings).toEqual({ fsync: 'off', max_connections: '200', server_encoding: 'UTF8' })
    expect(postgres.url).toBe(`postgres://postgres@127.0.0.1:${postgres.port}/postgres`)
  })

  it('runs beside others, with settings of its own', async () => {
    const others = await Promise.all([
      startPostgres({ settings: { max_connections: 7 } }),
      startPostgres({ settings: { max_connections: 8 } }),
    ])
    const shown = await Promise.all(others.map((other) => queryPostgres(other, 'show max_connections')))
    expect(shown).toEqual([[['7']], [['8']]])
    await Promise.all(others.map((other) => other.stop()))
    expect(others.some(({ pid }) => isAlive(pid))).toBe(false)
  })

  it('makes databases, named or not, several at once', async () => {
    const urls = await Promise.all([postgres.createDatabase(), postgres.createDatabase()])
    urls.push(await postgres.createDatabase('odd "name"/?'))
    expect(new Set(urls).size).toBe(3)
    for (const url of urls) {
      const database = decodeURIComponent(new URL(url).pathname.slice(1))
      expect(await queryPostgres(postgres, 'select current_database()', { database })).toEqual([[database]])
    }
    await expect(postgres.createDatabase('postgres')).rejects.toThrow(/42P04/)
  })

  it('keeps what was committed over kill and restart, on the same port', async () => {
    await ask("create table kept as select 'yes' as answer")
    const { pid, port } = postgres
    const backends = childrenOf(pid)
    expect(backends.length).toBeGreaterThan(2)
    await postgres.kill()
    expect([pid, ...backends].some(isAlive)).toBe(false)
    await expect(ask('select 1')).rejects.toThrow('ECONNREFUSED')
    await postgres.restart()
    expect(postgres.port).toBe(port)
    expect(postgres.pid).not.toBe(pid)
    expect(await ask('select answer from kept')).toEqual([['yes']])
  })

  it('hangs while it is paused, with the queries that are under way, and goes on when resumed', async () => {
    let answered = 0
    const count = (): number => (answered += 1)
    // Under way for as long as it is not told to end, by what is asked after it.
    await ask('create table told (what text)')
    const underWay = ask(`do $$ begin
      while not exists (select from told) loop perform pg_sleep(0.01); end loop;
    end $$`).finally(count)
    const isActive =
      "select 1 from pg_stat_activity where query like '%from told%' and pid <> pg_backend_pid()"
    await waitUntil(async () => (await ask(isActive)).length > 0, { what: 'the query to be under way' })
    await postgres.pause()
    const fresh = ask("insert into told values ('to end') returning what").finally(count)
    // Nothing to poll for: that nothing happens takes a while to see.
    await sleep(500)
    expect(answered).toBe(0)
    await postgres.resume()
    expect(await fresh).toEqual([['to end']])
    await underWay
    expect(answered).toBe(2)
  })

  it('stops in good order with clients connected', async () => {
    const other = await startPostgres()
    const cut = queryPostgres(other, 'select pg_sleep(3600)')
    const refused = expect(cut).rejects.toThrow(/57P01|closed|reset/)
    await waitUntil(
      async () =>
        (await queryPostgres(other, "select 1 from pg_stat_activity where wait_event = 'PgSleep'")).length,
      {
        what: 'the query to be under way',
      },
    )
    await other.stop()
    await refused
    expect(isAlive(other.pid)).toBe(false)
  })
})
