import { expect, it } from 'vitest'
import { createPostgresPool } from '../src/index.js'

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
