import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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
  const before = { ...process.env }
  // Of its own: whoever starts a server beside this test sweeps, too.
  const ours = mkdtempSync(join(tmpdir(), 'sessions-work-dirs-'))

  beforeAll(() => {
    // Servers that are not to run as root pass through it.
    chmodSync(ours, 0o755)
    process.env['TMPDIR'] = ours
  })
  afterAll(() => {
    runner.close()
    if (before['TMPDIR'] === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before['TMPDIR']
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
    // What was fetched for all of them is not fetched again: it is found where it was when the process began.
    const script = `
      process.env.TMPDIR = ${JSON.stringify(ours)}
      const [redis, postgres] = await Promise.all([testkit.startRedis(), testkit.startPostgres()])
      process.stdout.write(JSON.stringify({ redis: redis.pid, postgres: postgres.pid }) + '\\n')
      setInterval(() => {}, 1e6)`
    type Servers = { redis: number; postgres: number }
    const { child, printed } = await runner.run<Servers>(script, before)
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
