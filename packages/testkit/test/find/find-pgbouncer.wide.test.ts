import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findPgBouncer, findPreparingPgBouncer } from '../../src/find/find-pgbouncer.js'

let bin: string

describe('a PgBouncer to be found', () => {
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'testkit-'))
    vi.stubEnv('PATH', bin)
    vi.stubEnv('TMPDIR', bin)
    vi.stubEnv('SESSIONS_PGBOUNCER', '')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(bin, { recursive: true })
  })

  it('is asked for in one sentence, and on PATH is good for what its version knows', async () => {
    await expect(findPgBouncer()).rejects.toThrow(
      'No pgbouncer 1.18 or newer is on PATH, and none could be fetched (there is no apt-get here): ' +
        'install one with `apt-get install pgbouncer` or `brew install pgbouncer`',
    )
    writeFileSync(join(bin, 'pgbouncer'), '#!/bin/sh\necho "PgBouncer 1.20.1"\n')
    chmodSync(join(bin, 'pgbouncer'), 0o755)
    expect(await findPgBouncer()).toMatchObject({ version: '1.20.1', source: 'path' })
    await expect(findPreparingPgBouncer()).rejects.toThrow('No pgbouncer 1.21 or newer')
  })
})
