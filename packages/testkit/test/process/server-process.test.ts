import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../src/network/free-port.js'
import { isAlive } from '../../src/process/process-table.js'
import { ServerProcess, type ServerPlan } from '../../src/process/server-process.js'
import { createWorkDir } from '../../src/process/work-dir.js'

let running: ServerProcess | undefined

// A server in a few words: it listens, says so, and tells of a port that is taken as Redis does.
const script = `
  const server = require('net').createServer()
  server.on('error', (error) => { console.log('bind: Address already in use'); process.exit(1) })
  server.listen(Number(process.argv[1]), '127.0.0.1', () => console.log('listening'))
  process.on('SIGINT', () => process.exit())`

function plan(changes: Partial<ServerPlan> = {}): ServerPlan {
  return {
    name: 'Toy',
    workDir: createWorkDir('redis'),
    command: process.execPath,
    args: (port) => ['-e', script, String(port)],
    env: process.env,
    pickPort: freePort,
    isReady: (_pid, log) => log.includes('listening'),
    ...changes,
  }
}

describe('a server process', () => {
  afterEach(() => running?.stop())

  it('takes another port when the first is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const taken = (squatter.address() as AddressInfo).port
    const ports = [taken, await freePort()]
    running = await ServerProcess.start(plan({ pickPort: async () => ports.shift()! }))
    expect([running.port === taken, ports]).toEqual([false, []])
    squatter.close()
  })

  it('keeps its port and its data dir over kill and restart, and loses them when stopped', async () => {
    const workDir = createWorkDir('redis')
    running = await ServerProcess.start(plan({ workDir }))
    const { pid, port } = running
    await running.kill()
    expect([isAlive(pid), running.isUp, existsSync(workDir)]).toEqual([false, false, true])
    await running.restart()
    expect(running.port).toBe(port)
    expect(running.pid).not.toBe(pid)
    await running.restart()
    await running.stop()
    await running.stop()
    expect([running.isUp, existsSync(workDir)]).toEqual([false, false])
    await expect(running.restart()).rejects.toThrow('Toy was stopped')
  })

  it('stops even when it is paused', async () => {
    running = await ServerProcess.start(plan())
    running.pause()
    await running.stop()
    expect(isAlive(running.pid)).toBe(false)
  })

  it('says what a server logged that ended instead of starting, and leaves nothing behind', async () => {
    const workDir = createWorkDir('redis')
    const start = ServerProcess.start(
      plan({ workDir, args: () => ['-e', "console.log('no config'); process.exit(4)"] }),
    )
    await expect(start).rejects.toThrow('Toy ended with code 4 instead of starting:\nno config')
    expect(existsSync(workDir)).toBe(false)
  })

  it('says which command cannot be run', async () => {
    const start = ServerProcess.start(plan({ command: '/nowhere/toy' }))
    await expect(start).rejects.toThrow('Toy cannot be run')
  })

  it('cannot be paused when it is down', async () => {
    running = await ServerProcess.start(plan())
    await running.kill()
    expect(() => running!.pause()).toThrow('Toy is not running:\nlistening')
  })
})
