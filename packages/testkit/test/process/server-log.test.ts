import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readServerLog, tailOf } from '../../src/process/server-log.js'

describe('a server log', () => {
  it('is read from a byte on', () => {
    const dir = mkdtempSync(join(tmpdir(), 'testkit-'))
    const file = join(dir, 'server.log')
    writeFileSync(file, 'früher\nnow\n')
    expect(readServerLog(file, Buffer.byteLength('früher\n'))).toBe('now\n')
    rmSync(dir, { recursive: true })
    expect(readServerLog(file)).toBe('')
  })

  it('is cut to its last lines', () => {
    expect(tailOf('1\n2\n3\n', 2)).toBe('2\n3')
  })
})
