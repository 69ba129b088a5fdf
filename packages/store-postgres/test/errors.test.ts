import { SessionError } from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { isDuplicate, isLost, judge, TimedOut } from '../src/connection/errors.js'
import { useServer } from './databases.js'

const context = useServer()
let pool: pg.Pool
beforeAll(async () => {
  pool = context.pools.open(await context.server.createDatabase())
})

/** An error of the server, as its driver gives it. */
async function raised(code: string, message = 'boom'): Promise<unknown> {
  const text = `do $$ begin raise exception using errcode = '${code}', message = '${message}'; end $$`
  return pool.query(text).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** What is made of an error: with `again` it is tried again, with `anew` on a new connection. */
function said(error: unknown, unknown = false): string {
  const { error: told, retry, unprepared } = judge(error, { unknown })
  expect(told.cause).toBe(error)
  const more = [
    retry && 'again',
    unprepared === true && 'unprepared',
    isLost(error) && 'anew',
    isDuplicate(error) && 'twice',
  ]
  return [told.code, ...more.filter((each) => each !== false)].join(' ')
}

const tooOld =
  /^the tables are missing or too old: apply migrations up to version \d+, with migrate\(\), under the same schema and tablePrefix$/
const notOurs = /^boom, and is not of this package: give another tablePrefix or schema$/

describe('an error of the server', () => {
  test.each<[code: string, said: string, message: RegExp | string]>([
    ['40001', 'unavailable again', 'the database is too contended'],
    ['40P01', 'unavailable again', 'the database is too contended'],
    ['55P03', 'unavailable again', 'the database is too contended'],
    ['57014', 'unavailable', 'the database cancelled the statement'],
    ['25006', 'unavailable anew', 'the database is read-only'],
    ['53000', 'store_full', 'the database is out of space'],
    ['53100', 'store_full', 'the database is out of space'],
    ['53200', 'store_full', 'the database is out of space'],
    ['26000', 'store_failed again unprepared anew', 'prepared statements do not last'],
    ['42P05', 'store_failed again unprepared anew', 'prepared statements do not last'],
    ['42P07', 'store_failed', notOurs],
    ['42710', 'store_failed', notOurs],
    ['42P01', 'store_failed', tooOld],
    ['42703', 'store_failed', tooOld],
    ['3F000', 'store_failed', tooOld],
    ['42501', 'store_failed', /^the role lacks a right .* in the README: boom$/],
    ['22P05', 'store_failed', /^the database, or the connection to it, is not encoded in UTF8/],
    ['22021', 'store_failed', /^the database, or the connection to it, is not encoded in UTF8/],
    ['28000', 'store_failed', 'the database refuses the connection'],
    ['3D000', 'store_failed', 'the database refuses the connection'],
    ['23505', 'store_failed twice', 'the database refuses the statement'],
    ['23503', 'store_failed', 'the database refuses the statement'],
    ['0A000', 'store_failed', 'the database refuses the statement'],
    ['53300', 'unavailable anew', 'the database cannot be reached'],
    ['57P03', 'unavailable anew', 'the database cannot be reached'],
    ['57P01', 'unavailable again anew', 'the database did not answer'],
    ['08006', 'unavailable again anew', 'the database did not answer'],
    ['25P03', 'unavailable again anew', 'the database ended the transaction'],
    ['25P02', 'unavailable again anew', 'the connection has a failed transaction'],
    ['25P04', 'unavailable again anew', 'the database ended the transaction'],
    ['58000', 'store_failed anew', 'the database refuses the statement'],
    ['XX000', 'store_failed anew', 'the database refuses the statement'],
  ])('%s is %s', async (code, expected, message) => {
    const error = await raised(code)
    expect(said(error)).toBe(expected)
    const { error: told } = judge(error, { unknown: false })
    expect(told.message).toMatch(message instanceof RegExp ? message : new RegExp(`^${message}`))
    // Only what may have been done is unknown.
    const isUnknown = expected === 'unavailable again anew' && !code.startsWith('25')
    expect(judge(error, { unknown: true }).error.code).toBe(isUnknown ? 'unknown_outcome' : told.code)
  })

  test.each([
    ['58030', 'could not extend file: No space left on device', 'store_full anew'],
    ['08P01', 'query_wait_timeout', 'unavailable anew'],
    ['08P01', 'no more connections allowed (max_client_conn)', 'unavailable anew'],
    ['08P01', 'pgbouncer cannot connect to server', 'unavailable anew'],
    ['08P01', 'server login has been failing', 'unavailable anew'],
    ['08P01', 'said query_wait_timeout', 'unavailable again anew'],
    ['08006', 'query_wait_timeout', 'unavailable again anew'],
    ['08P01', 'unsupported startup parameter: statement_timeout', 'store_failed anew'],
    ['08006', 'unsupported startup parameter: statement_timeout', 'unavailable again anew'],
  ])('%s with the words “%s” is %s', async (code, message, expected) => {
    const error = await raised(code, message)
    expect(said(error)).toBe(expected)
    if (expected === 'store_failed anew')
      expect(judge(error, { unknown: true }).error.message).toMatch(
        /: set it to 0 in the pool, or name it in/,
      )
  })

  test('of a plan that is stale is one to try again', async () => {
    const client = await pool.connect()
    await client.query('create table changing (a integer)')
    await client.query({ name: 'all', text: 'select * from changing' })
    await client.query('alter table changing add b integer')
    const error: unknown = await client
      .query({ name: 'all', text: 'select * from changing' })
      .catch((e: unknown) => e)
    client.release()
    expect(said(error)).toBe('store_failed again anew')
  })
})

describe('an error of the driver', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code })

  test.each<[Error, string, string]>([
    [coded('ECONNREFUSED'), 'unavailable anew', 'unavailable'],
    [coded('ENOTFOUND'), 'unavailable anew', 'unavailable'],
    [coded('EAI_AGAIN'), 'unavailable anew', 'unavailable'],
    [coded('EHOSTUNREACH'), 'unavailable anew', 'unavailable'],
    [coded('ENETUNREACH'), 'unavailable anew', 'unavailable'],
    [coded('ECONNRESET'), 'unavailable again anew', 'unknown_outcome'],
    [new Error('Connection terminated unexpectedly'), 'unavailable again anew', 'unknown_outcome'],
    [new TimedOut(), 'unavailable anew', 'unknown_outcome'],
    [new Error('timeout exceeded when trying to connect'), 'unavailable anew', 'unavailable'],
    [new Error('Cannot use a pool after calling end on the pool'), 'unavailable anew', 'unavailable'],
    [
      new Error('Client has encountered a connection error and is not queryable'),
      'unavailable again anew',
      'unavailable',
    ],
  ])('%s', (error, expected, ofWrite) => {
    expect(said(error)).toBe(expected)
    expect(judge(error, { unknown: true }).error.code).toBe(ofWrite)
  })

  test('that is one of ours already stays as it is', () => {
    const cause = coded('23505')
    const ours = new SessionError('conflict', 'somebody was faster', { cause })
    expect(judge(ours, { unknown: true })).toEqual({ error: ours, retry: false })
    expect([isLost(ours), isDuplicate(ours)]).toEqual([false, false])
    expect(
      isDuplicate(
        new SessionError('store_failed', 'no', { cause: Object.assign(cause, { severity: 'ERROR' }) }),
      ),
    ).toBe(true)
    for (const odd of [undefined, null, 'text', 5, {}])
      expect([judge(odd, { unknown: false }).error.code, isLost(odd), isDuplicate(odd)]).toEqual([
        'unavailable',
        true,
        false,
      ])
  })
})
