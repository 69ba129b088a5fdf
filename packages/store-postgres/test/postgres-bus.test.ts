import { createSessions } from '@sessions/core'
import type { SessionBus, SessionNotice } from '@sessions/core/store'
import { waitUntil } from '@sessions/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { postgresBus, postgresStore } from '../src/index.js'
import { migrated, patient, useServer } from './databases.js'

const context = useServer()
const buses: SessionBus[] = []
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()))
})

const topics = Array.from({ length: 64 }, (_, topic) => topic)
const notice: SessionNotice = { tenantId: 'acme', id: 's', kind: 'changed', incarnation: 'i', changes: 7 }

async function open(url?: string): Promise<SessionBus> {
  const at = url ?? (await context.server.createDatabase())
  const bus = postgresBus({ publish: context.pools.open(at, patient.pool), listen: at })
  buses.push(bus)
  return bus
}

async function heard(bus: SessionBus) {
  const notices: SessionNotice[] = []
  let gaps = 0
  await bus.subscribe(topics, { notices: (more) => notices.push(...more), gap: () => gaps++ })
  return { notices, gaps: () => gaps }
}

describe('postgresBus', () => {
  test('tells other processes of the database, and its own, once', async () => {
    const url = await context.server.createDatabase()
    const [one, other, elsewhere] = [await open(url), await open(url), await open()]
    const [here, there, nowhere] = [await heard(one), await heard(other), await heard(elsewhere)]
    one.publish([notice])
    await waitUntil(() => there.notices.length > 0, { what: 'the notice' })
    expect([here.notices, there.notices, nowhere.notices]).toEqual([[notice], [notice], []])
  })

  test('tells what takes a text for each topic, all of it', async () => {
    const url = await context.server.createDatabase()
    const [one, other] = [await open(url), await open(url)]
    const { notices, gaps } = await heard(other)
    const before = gaps()
    const ids = Array.from({ length: 640 }, (_, index) => `s${index}${'x'.repeat(150)}`)
    one.publish(ids.map((id) => ({ ...notice, id })))
    await waitUntil(() => notices.length >= ids.length, { what: 'all notices' })
    expect(notices.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
    expect(gaps()).toBe(before)
  })

  test('says that it missed something where there is more to tell than fits', async () => {
    const url = await context.server.createDatabase()
    const [one, other] = [await open(url), await open(url)]
    const { notices, gaps } = await heard(other)
    const before = gaps()
    one.publish(
      Array.from({ length: 5000 }, (_, index) => ({ ...notice, id: `s${index}${'x'.repeat(150)}` })),
    )
    await waitUntil(() => gaps() > before, { what: 'the gap' })
    one.publish([notice])
    await waitUntil(() => notices.some(({ id }) => id === 's'), { what: 'the notice after' })
  })

  test('says that it missed something when the server was gone, and goes on when it is back', async () => {
    const url = await context.server.createDatabase()
    const [one, other] = [await open(url), await open(url)]
    const { notices, gaps } = await heard(other)
    expect(other.isUp).toBe(true)
    const before = gaps()
    await context.server.kill()
    await waitUntil(() => gaps() > before && !other.isUp, { what: 'the gap' })
    one.publish([notice])
    await context.server.restart()
    await waitUntil(() => other.isUp, { what: 'the connection' })
    await waitUntil(
      () => {
        one.publish([{ ...notice, changes: 9 }])
        return notices.some(({ changes }) => changes === 9)
      },
      { what: 'a notice after the restart' },
    )
  })

  test('has one connection, which it makes anew when it breaks, and ends when it is closed', async () => {
    const url = await context.server.createDatabase()
    const pool = context.pools.open(url, patient.pool)
    const ours =
      "from pg_stat_activity where application_name = 'sessions bus' and datname = current_database()"
    const count = async () => (await pool.query(`select 1 ${ours}`)).rowCount
    const bus = await open(url)
    const { notices, gaps } = await heard(bus)
    expect([await count(), bus.isUp]).toEqual([1, true])
    for (let times = 1; times <= 3; times++) {
      const before = gaps()
      await pool.query(`select pg_terminate_backend(pid) ${ours}`)
      await waitUntil(() => gaps() > before && bus.isUp, { what: 'a new connection' })
      bus.publish([{ ...notice, changes: times }])
      await waitUntil(() => notices.some(({ changes }) => changes === times), { what: 'the notice' })
      expect(await count()).toBe(1)
    }
    await bus.close()
    expect(bus.isUp).toBe(false)
    await waitUntil(async () => (await count()) === 0, { what: 'the end of the connection' })
    await expect(heard(bus)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await count()).toBe(0)
  })

  test('finds out that what it sends does not come back', async () => {
    const [one, other] = [await context.server.createDatabase(), await context.server.createDatabase()]
    const bus = postgresBus({ publish: context.pools.open(one), listen: other })
    buses.push(bus)
    await expect(heard(bus)).rejects.toMatchObject({ code: 'store_failed', path: 'listen' })
    expect(bus.isUp).toBe(false)
  })

  test('is unavailable where nobody answers', async () => {
    const url = await context.server.createDatabase()
    const bus = postgresBus({ publish: context.pools.open(url), listen: 'postgres://127.0.0.1:1/none' })
    buses.push(bus)
    await expect(heard(bus)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('is unavailable, and closes, while the application has every connection of the pool', async () => {
    const url = await context.server.createDatabase()
    const pool = context.pools.open(url, { max: 1, connectionTimeoutMillis: 0 })
    const bus = postgresBus({ publish: pool, listen: url })
    const held = await pool.connect()
    try {
      await expect(heard(bus)).rejects.toMatchObject({ code: 'unavailable' })
      await bus.close()
    } finally {
      held.release()
    }
    const ours = "from pg_stat_activity where application_name = 'sessions bus' and datname = $1"
    const count = async () =>
      (await pool.query(`select 1 ${ours}`, [new URL(url).pathname.slice(1)])).rowCount
    await waitUntil(async () => (await count()) === 0, { what: 'the end of the connection' })
  })

  test('wakes a watcher of another process at once', async () => {
    const url = await migrated(context.server)
    const [one, other] = await Promise.all(
      [1, 2].map(async () =>
        createSessions({
          store: postgresStore(context.pools.open(url, patient.pool), patient.store),
          bus: await open(url),
        }),
      ),
    )
    const alice = { tenantId: 'acme', userId: 'alice' }
    const session = await one!.for(alice).create({ id: 's' })
    // So rarely would it ask by itself that the test would hang.
    const watch = (await other!.for(alice).get('s')).watch({ pollMs: 3_600_000 })
    expect((await watch.next()).value?.revision).toBe(1)
    for (let revision = 2; revision < 10; revision++) {
      const [{ value }] = await Promise.all([watch.next(), session.state.merge({ revision })])
      expect(value?.revision).toBe(revision)
    }
    await watch.return()
  })

  test('refuses a wrong option by its name', () => {
    const url = 'postgres://localhost/none'
    const pool = context.pools.open(url)
    const invalid = (path: string) => expect.objectContaining({ code: 'invalid', path }) as Error
    expect(() => postgresBus({ publish: {} as never, listen: url })).toThrow(invalid('publish'))
    expect(() => postgresBus({ publish: pool, listen: url, chanel: 'a' } as never)).toThrow(invalid('chanel'))
    expect(() => postgresBus({ publish: pool, listen: 5 as never })).toThrow(invalid('listen'))
    expect(() => postgresBus({ publish: pool, listen: '' })).toThrow(invalid('listen'))
    for (const channel of ['a"b', '1a', '', 'a b', 'b"', 'x'.repeat(64)]) {
      expect(() => postgresBus({ publish: pool, listen: url, channel }), channel).toThrow(invalid('channel'))
    }
  })
})
