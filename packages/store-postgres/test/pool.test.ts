import pg from 'pg'
import { expect, it, vi } from 'vitest'
import {
  createPostgresPool,
  postgresBus,
  postgresSearch,
  postgresStore,
  postgresUsageLog,
} from '../src/index.js'

it.each([undefined, null, '', 5])(
  'a pool for the URL %s is refused: nobody meant the database of this machine',
  (url) => {
    expect(() => createPostgresPool(url as never)).toThrow(
      expect.objectContaining({
        code: 'invalid',
        path: 'url',
        message: expect.stringContaining('environment variable'),
      }),
    )
  },
)

it('a pool whose options name the server needs no URL', async () => {
  await createPostgresPool('', { host: 'db.test' }).end()
  await createPostgresPool(undefined as never, { connectionString: 'postgres://db.test/app' }).end()
  await createPostgresPool('postgres://db.test/app').end()
})

it.each(['http://db.test', 'redis://user:secret@redis.test', 'mysql://x:secret@db.test/app'])(
  'the address of something else is refused, and no password is told: %s',
  async (url) => {
    const publish = createPostgresPool('postgres://db.test/app')
    for (const [path, make] of [
      ['url', () => createPostgresPool(url)],
      ['url', () => postgresStore(url)],
      ['listen', () => postgresBus({ publish, listen: url })],
    ] as const) {
      const message = expect.not.stringContaining('secret') as string
      expect(make).toThrow(expect.objectContaining({ code: 'invalid', path, message }))
    }
    await publish.end()
  },
)

it.each([undefined, null, {}, { publish: 5, listen: 'postgres://db.test' }])(
  'a bus of %j is refused',
  (options) => {
    expect(() => postgresBus(options as never)).toThrow(expect.objectContaining({ code: 'invalid' }))
  },
)

it('a pool whose connections may hang is warned of once, whatever is made of it', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const pools = [1, 2].map(() => new pg.Pool({ connectionString: 'postgres://db.test/app' }))
  for (const pool of pools) for (const make of [postgresStore, postgresSearch, postgresUsageLog]) make(pool)
  expect(warn.mock.calls.map(([message]) => message)).toEqual(
    pools.map(() => expect.stringContaining('connectionTimeoutMillis') as string),
  )
  warn.mockRestore()
  for (const pool of pools) await pool.end()
})
