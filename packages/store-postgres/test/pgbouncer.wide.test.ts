import { checkStore } from '@sessions/core/store'
import { describeSessionStore } from '@sessions/core/testing'
import { startPgBouncer, type PgBouncer } from '@sessions/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { as, createAppRole, leftOver, migrated, patient, untimed, useServer } from './databases.js'

const context = useServer()
let plain: PgBouncer
let preparing: PgBouncer

beforeAll(async () => {
  // Without `max_prepared_statements`, which PgBouncer does not know before 1.21, and with it.
  plain = await startPgBouncer(context.server)
  preparing = await startPgBouncer(context.server, { maxPreparedStatements: 100 })
})
afterAll(async () => {
  await context.pools.end()
  await Promise.all([plain?.stop(), preparing?.stop()])
})

const unpreparedWarnings: string[] = []
const listen = (warning: Error & { code?: string }) => {
  if (warning.code === 'SESSIONS_POSTGRES_UNPREPARED') unpreparedWarnings.push(warning.message)
}
beforeAll(() => void process.on('warning', listen))
afterAll(() => void process.off('warning', listen))

interface Side {
  bouncer: PgBouncer
  options?: PostgresStoreOptions
}

/** Two stores of ten connections each, over three of the server for each PgBouncer. */
function makeStores(sides: () => readonly [Side, Side], rls?: PostgresStoreOptions['rls']) {
  return async () => {
    const tenancy = rls === undefined ? {} : { rls }
    const url = await migrated(context.server, tenancy)
    const owner = context.pools.open(url)
    if (rls !== undefined) await createAppRole(owner, 'bounced')
    unpreparedWarnings.length = 0
    const [store, peer] = sides().map(({ bouncer, options }) => {
      const behind = bouncer.through(rls === undefined ? url : as('bounced', url))
      return postgresStore(context.pools.open(behind, untimed), { ...patient.store, ...tenancy, ...options })
    })
    return {
      store: store!,
      peer: peer!,
      // After all those races, nothing is where no method would find it.
      close: async () => expect(await leftOver(owner)).toBe(0),
    }
  }
}

describe('a PgBouncer that keeps statements prepared', () => {
  describeSessionStore(
    'two of postgresStore',
    makeStores(() => [{ bouncer: preparing }, { bouncer: preparing }]),
  )

  test('lets them name their statements', () => expect(unpreparedWarnings).toEqual([]))
})

describe('a PgBouncer that keeps none', () => {
  describeSessionStore(
    'a postgresStore that finds that out, and one that was told so',
    makeStores(() => [{ bouncer: plain }, { bouncer: plain, options: { prepare: false } }]),
  )

  test('has the one say so, once', () => expect(unpreparedWarnings).toHaveLength(1))
})

test('checkStore tells a PgBouncer that keeps statements prepared from one that keeps none', async () => {
  const url = await migrated(context.server)
  const found = async (bouncer: PgBouncer, options: PostgresStoreOptions = {}) => {
    const pool = context.pools.open(bouncer.through(url), untimed)
    return (
      (await checkStore(postgresStore(pool, options)))
        .map(({ level, code }) => `${level} ${code}`)
        // Servers of tests forgo what makes a database durable, and these pools what ends a statement.
        .filter((finding) => finding !== 'warning durability' && finding !== 'warning timeout')
    )
  }
  expect(await found(preparing)).toEqual([])
  expect(await found(plain)).toEqual(['warning pooler'])
  expect(await found(plain, { prepare: false })).toEqual([])
})

describe('row-level security', () => {
  describeSessionStore(
    'a postgresStore that finds out that no statement is kept, and one whose are',
    makeStores(() => [{ bouncer: plain }, { bouncer: preparing }], 'sessions.tenant'),
  )

  test('has the one say so, once', () => expect(unpreparedWarnings).toHaveLength(1))
})
