import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { command, dialogues, folder, lastLine } from './command.js'

// On the other stores, and more of the applications on each: commands.wide.test.ts.

describe('npm run demo', () => {
  it('ends after its tour with code 0, and finds everything again after the app was killed', async () => {
    const { stdout, stderr, code } = await command('demo.mjs', '--once')
    expect(stdout).toContain('What did I ask first?')
    expect(stdout).toContain('Back after a restart')
    expect(code, stderr).toBe(0)
  })

  it('says what it does not know', async () => {
    expect((await command('demo.mjs', '--app', 'nope')).code).toBe(2)
  })
})

describe('npm run replay', () => {
  it('reads back what it sent, counts what cannot be replayed as a mismatch, and ends with code 1', async () => {
    const file = join(folder, 'dialogues.jsonl')
    const bad = JSON.stringify({ id: 'x', turns: [{ role: 'robot', content: 'hi' }] })
    writeFileSync(file, `${dialogues(16)}${bad}\n`)
    const { stdout, stderr, code } = await command('replay.mjs', '--data', file, '--json')
    const result = lastLine(stdout)
    expect(result, stderr).toMatchObject({ dialogues: 17, messages: 288, mismatches: 1 })
    expect(result['seconds']).toBeGreaterThan(0)
    expect(code).toBe(1)
  })
})
