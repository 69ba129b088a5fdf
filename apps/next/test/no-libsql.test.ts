import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import Module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { openStore } from '../src/server/store.js'

const folder = mkdtempSync(join(tmpdir(), 'sessions-no-libsql-'))
afterAll(() => vi.restoreAllMocks())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** How Node looks for the file of a module. */
const resolver = Module as unknown as { _resolveFilename: (request: string, ...rest: unknown[]) => string }

it('keeps sessions in memory where libsql has no binary for the platform, and says so in one line', async () => {
  const resolve = resolver._resolveFilename
  vi.spyOn(resolver, '_resolveFilename').mockImplementation((request, ...rest) => {
    // As on a platform whose package nobody has published.
    return resolve(request.startsWith('@libsql/') ? '@libsql/no-such-platform' : request, ...rest)
  })
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const path = join(folder, 'data', 'sessions.db')
  const { store } = await openStore({ SESSIONS_SQLITE: path })
  expect(log.mock.calls).toEqual([
    ['sessions are in memory, and end with this process: there is no libsql for this platform'],
  ])
  const ref = { tenantId: 'chat', id: 'session' }
  await store.commit(ref, { revision: 0, body: 'kept' })
  expect((await store.read(ref))?.body).toBe('kept')
  expect(existsSync(join(folder, 'data'))).toBe(false)
})
