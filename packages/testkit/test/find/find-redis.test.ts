import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

let bin: string

function install(command: string, version: string): void {
  writeFileSync(join(bin, command), `#!/bin/sh\necho "${version}"\n`)
  chmodSync(join(bin, command), 0o755)
}

// What was found is kept for the life of the module.
async function find(): Promise<{ command: string; version: string; source: string }> {
  vi.resetModules()
  const { findRedis } = await import('../../src/find/find-redis.js')
  return findRedis()
}

describe('findRedis', () => {
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'testkit-'))
    vi.stubEnv('PATH', bin)
    vi.stubEnv('SESSIONS_REDIS', '')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(bin, { recursive: true })
  })

  it('takes a Redis on PATH first', async () => {
    install('redis-server', 'Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64')
    install('valkey-server', 'Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64')
    expect(await find()).toMatchObject({
      command: join(bin, 'redis-server'),
      version: '7.2.4',
      source: 'path',
    })
  })

  it('takes a Valkey, and passes over what is too old for the store', async () => {
    install('redis-server', 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64')
    install('valkey-server', 'Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64')
    expect(await find()).toMatchObject({ command: join(bin, 'valkey-server'), version: '8.0.1' })
  })

  it('says what to install when there is none, and looks again the next time', async () => {
    vi.resetModules()
    const { findRedis } = await import('../../src/find/find-redis.js')
    await expect(findRedis()).rejects.toThrow(
      'No redis-server or valkey-server 6.2 or newer is on PATH, and none could be fetched ' +
        '(there is no apt-get here): install one with `apt-get install redis-server` or `brew install redis`',
    )
    install('redis-server', 'Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64')
    expect(await findRedis()).toMatchObject({ version: '7.2.4' })
  })
})
