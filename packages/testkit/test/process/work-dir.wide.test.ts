import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis } from '../../src/index.js'
import { childrenOf, isAlive } from '../../src/process/process-table.js'
import { freezeTree } from '../../src/process/process-tree.js'
import { createWorkDir, removeWorkDir, sweepWorkDirs, writeServerPid } from '../../src/process/work-dir.js'
import { createScriptRunner } from '../child-script.js'

const runner = createScriptRunner()

async function pidOfTheDead(): Promise<number> {
  const child = spawn('true')
  await once(child, 'exit')
  return child.pid!
}

describe('work dirs', () => {
  const { TMPDIR } = process.env
  // Of its own: whoever starts a server beside this test sweeps, too.
  const ours = mkdtempSync(join(tmpdir(), 'sessions-work-dirs-'))

  beforeAll(() => {
    // Servers that are not to run as root pass through it.
    chmodSync(ours, 0o755)
    // What was fetched for all tests need not be fetched again.
    const name = `sessions-cache-${process.getuid?.() ?? 0}`
    const filter = (path: string): boolean => !/(chromium|valkey|pgbouncer|partial)[^/]*$/.test(path)
    if (existsSync(join(tmpdir(), name)))
      cpSync(join(tmpdir(), name), join(ours, name), { recursive: true, filter })
    process.env['TMPDIR'] = ours
  })
  afterAll(() => {
    runner.close()
    if (TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
    rmSync(ours, { recursive: true })
  })

  it('bear the pid of their owner and can be removed twice', () => {
    const workDir = createWorkDir('redis')
    expect(basename(workDir)).toMatch(new RegExp(`^sessions-redis-${process.pid}-`))
    removeWorkDir(workDir)
    removeWorkDir(workDir)
    expect(existsSync(workDir)).toBe(false)
  })

  it('of a live owner are left alone', () => {
    const workDir = createWorkDir('redis')
    sweepWorkDirs()
    expect(existsSync(workDir)).toBe(true)
    removeWorkDir(workDir)
  })

  it('of a dead owner are removed, without harm to a process that merely has the pid now', async () => {
    const innocent = spawn('sleep', ['60'])
    const workDir = join(tmpdir(), `sessions-redis-${await pidOfTheDead()}-innocent`)
    mkdirSync(workDir)
    writeFileSync(join(workDir, 'dump.rdb'), 'data')
    writeServerPid(workDir, innocent.pid!)
    sweepWorkDirs()
    expect(existsSync(workDir)).toBe(false)
    expect(isAlive(innocent.pid!)).toBe(true)
    innocent.kill('SIGKILL')
  })

  it('of a killed run are removed by the next start, with their servers, even frozen ones', async () => {
    const { child, printed } = await runner.run<{ redis: number; postgres: number }>(`
      const [redis, postgres] = await Promise.all([testkit.startRedis(), testkit.startPostgres()])
      process.stdout.write(JSON.stringify({ redis: redis.pid, postgres: postgres.pid }) + '\\n')
      setInterval(() => {}, 1e6)`)
    const servers = [printed.redis, printed.postgres, ...childrenOf(printed.postgres)]
    expect(servers.length).toBeGreaterThan(4)
    const leftover = (): string[] =>
      readdirSync(tmpdir()).filter((name) =>
        new RegExp(`^sessions-(redis|postgres)-${child.pid}-`).test(name),
      )
    expect(leftover()).toHaveLength(2)
    freezeTree(printed.postgres)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(servers.filter(isAlive)).toEqual(servers)

    const redis = await startRedis()
    expect(servers.filter(isAlive)).toEqual([])
    expect(leftover()).toEqual([])
    await redis.stop()
  })
})
