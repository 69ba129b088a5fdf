import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { findEmbeddedPostgres } from '../../src/find/embedded-postgres.js'
import { findOnPath } from '../../src/find/find-on-path.js'
import { findPostgres } from '../../src/find/find-postgres.js'
import { startPostgres } from '../../src/servers/postgres/postgres.js'
import { queryPostgres } from '../../src/servers/postgres/postgres-query.js'

const hasSystem = existsSync('/usr/lib/postgresql') || findOnPath('postgres') !== undefined

describe('findPostgres', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  // What is installed decides which of these can be asked at all; a run reports no skipped test for the others.
  const itWhen = (possible: boolean) => (possible ? it : () => {})

  itWhen(findEmbeddedPostgres() !== undefined)('prefers the one from npm', async () => {
    const { source, bin, version } = await findPostgres()
    expect(source).toBe('embedded')
    expect(existsSync(`${bin}/initdb`)).toBe(true)
    expect(version).toMatch(/^\d+/)
  })

  itWhen(hasSystem)("takes the system's when told to, and it runs", async () => {
    vi.stubEnv('SESSIONS_PG', 'system')
    const { source, version } = await findPostgres()
    expect(source).toBe('system')
    const postgres = await startPostgres()
    expect((await queryPostgres(postgres, 'show server_version'))[0]![0]).toContain(version)
    await postgres.stop()
  })

  itWhen(!existsSync('/usr/lib/postgresql'))('says what to install when there is none', async () => {
    vi.stubEnv('SESSIONS_PG', 'system')
    vi.stubEnv('PATH', '/nowhere')
    await expect(findPostgres()).rejects.toThrow('apt-get install postgresql')
  })
})
