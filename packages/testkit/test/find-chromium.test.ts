import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findChromium } from '../src/find-chromium.js'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'find-chromium-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function command(name: string): string {
  const file = join(dir, name)
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

describe('findChromium', () => {
  it('takes the one that CHROMIUM_PATH names before any other', async () => {
    const own = command('my-browser')
    command('chromium')
    expect(await findChromium({ ...process.env, CHROMIUM_PATH: own, PATH: dir })).toBe(own)
  })

  it('finds the one on the PATH', async () => {
    const chromium = command('chromium')
    expect(await findChromium({ ...process.env, CHROMIUM_PATH: '', PATH: dir })).toBe(chromium)
  })

  it('says so when CHROMIUM_PATH leads nowhere', async () => {
    const nowhere = join(dir, 'nothing')
    await expect(findChromium({ ...process.env, CHROMIUM_PATH: nowhere })).rejects.toThrow('CHROMIUM_PATH=')
  })
})
