import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cachedDir, isCached } from '../../src/find/cached-dir.js'

let home: string

async function fill(dir: string, text = 'one'): Promise<void> {
  mkdirSync(join(dir, 'bin'))
  writeFileSync(join(dir, 'bin/tool'), text)
}

describe('a cached dir', () => {
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'testkit-'))
    vi.stubEnv('TMPDIR', home)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(home, { recursive: true })
  })

  it('is filled once, and open to other accounts', async () => {
    expect(isCached('tool')).toBe(false)
    const dir = await cachedDir('tool', fill)
    expect(isCached('tool')).toBe(true)
    expect(await cachedDir('tool', () => Promise.reject(new Error('filled twice')))).toBe(dir)
    expect(readFileSync(join(dir, 'bin/tool'), 'utf8')).toBe('one')
    expect(statSync(dir).mode & 0o777).toBe(0o755)
  })

  it('is whole whoever of several comes first', async () => {
    const dirs = await Promise.all([1, 2, 3, 4].map((n) => cachedDir('tool', (dir) => fill(dir, `${n}`))))
    expect(new Set(dirs).size).toBe(1)
    expect(readdirSync(join(dirs[0]!, '..'))).toEqual(['tool'])
  })

  it('is filled anew when a file of it is missing', async () => {
    const dir = await cachedDir('tool', fill)
    rmSync(join(dir, 'bin/tool'))
    expect(await cachedDir('tool', (empty) => fill(empty, 'two'))).toBe(dir)
    expect(readFileSync(join(dir, 'bin/tool'), 'utf8')).toBe('two')
  })

  it('leaves nothing when filling it fails, and clears away what a killed process left', async () => {
    await expect(cachedDir('tool', () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    )
    const root = join(home, `sessions-cache-${process.getuid?.() ?? 0}`)
    expect(readdirSync(root)).toEqual([])
    mkdirSync(join(root, `tool.partial-${2 ** 30}-x`))
    await cachedDir('tool', fill)
    expect(readdirSync(root)).toEqual(['tool'])
  })

  it('is refused where a file has taken its place', async () => {
    writeFileSync(join(home, `sessions-cache-${process.getuid?.() ?? 0}`), '')
    await expect(cachedDir('tool', fill)).rejects.toThrow()
  })
})
