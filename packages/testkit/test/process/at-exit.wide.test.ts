import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { afterAll, describe, expect, it } from 'vitest'
import { isAlive } from '../../src/process/process-table.js'
import { waitUntil } from '../../src/wait-until.js'
import { createScriptRunner } from '../child-script.js'

const runner = createScriptRunner()

// Prints which server it has, and where.
const startRedis = `
  const redis = await testkit.startRedis()
  const { readlinkSync } = await import('node:fs')
  process.stdout.write(JSON.stringify({ pid: redis.pid, workDir: readlinkSync('/proc/' + redis.pid + '/cwd') }) + '\\n')
`

interface Printed {
  pid: number
  workDir: string
}

describe.runIf(existsSync('/proc/self/cwd'))('a process that ends without stopping its servers', () => {
  afterAll(() => runner.close())

  async function expectGone({ pid, workDir }: Printed): Promise<void> {
    await waitUntil(() => !isAlive(pid), { what: 'the server to be gone' })
    expect(existsSync(workDir)).toBe(false)
  }

  it('takes them with it when it has nothing left to do', async () => {
    const { child, printed } = await runner.run<Printed>(startRedis)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(0)
    await expectGone(printed)
  })

  it('takes them with it when it fails', async () => {
    const { child, printed } = await runner.run<Printed>(`${startRedis}; process.exit(3)`)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(3)
    await expectGone(printed)
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('takes them with it on %s', async (signal) => {
    const { child, printed } = await runner.run<Printed>(`${startRedis}; setInterval(() => {}, 1e6)`)
    expect(isAlive(printed.pid)).toBe(true)
    child.kill(signal)
    await once(child, 'exit')
    expect(child.signalCode).toBe(signal)
    await expectGone(printed)
  })

  it('leaves the order of the end to a script that listens to the signal itself', async () => {
    const orderly = `
      process.on('SIGTERM', async () => {
        await redis.stop()
        process.exit(7)
      })
      setInterval(() => {}, 1e6)`
    const { child, printed } = await runner.run<Printed>(startRedis + orderly)
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(child.exitCode).toBe(7)
    await expectGone(printed)
  })
})
