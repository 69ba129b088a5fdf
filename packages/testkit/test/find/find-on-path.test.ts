import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findOnPath } from '../../src/find/find-on-path.js'

describe('findOnPath', () => {
  it('finds the first that may be run', () => {
    const dir = mkdtempSync(join(tmpdir(), 'testkit-'))
    writeFileSync(join(dir, 'tool'), '')
    chmodSync(join(dir, 'tool'), 0o644)
    expect(findOnPath('tool', dir)).toBeUndefined()
    chmodSync(join(dir, 'tool'), 0o755)
    expect(findOnPath('tool', `/nowhere::${dir}`)).toBe(join(dir, 'tool'))
    rmSync(dir, { recursive: true })
  })
})
