import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { childrenOf, commandLineOf, findProcess, isAlive } from '../../src/process/process-table.js'
import { waitUntil } from '../../src/wait-until.js'

const started: ReturnType<typeof spawn>[] = []

function start(script: string): ReturnType<typeof spawn> {
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  started.push(child)
  return child
}

describe('the process table', () => {
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL')
  })

  it('knows a process, its parent and its command line', () => {
    const child = start('sleep 60; :')
    expect(findProcess(child.pid!)).toEqual({ pid: child.pid, ppid: process.pid, state: 'running' })
    expect(childrenOf(process.pid)).toContain(child.pid)
    expect(commandLineOf(child.pid!)).toContain('sleep 60')
  })

  it('tells a stopped process from a running one', async () => {
    const child = start('sleep 60; :')
    child.kill('SIGSTOP')
    await waitUntil(() => findProcess(child.pid!)?.state === 'stopped', { what: 'it to be stopped' })
    child.kill('SIGCONT')
    await waitUntil(() => findProcess(child.pid!)?.state === 'running', { what: 'it to go on' })
  })

  it('counts a zombie as gone', async () => {
    // The shell becomes a sleep, which never asks after the child it was left with.
    const parent = start('sleep 0.01 & echo $!; exec sleep 60')
    const [output] = (await once(parent.stdout!, 'data')) as [Buffer]
    const zombie = Number(output.toString())
    await waitUntil(() => !isAlive(zombie), { what: 'the child to end' })
    expect(() => process.kill(zombie, 0)).not.toThrow()
    expect(childrenOf(parent.pid!)).not.toContain(zombie)
  })

  it('knows nothing of a process that never was', () => {
    expect(findProcess(2 ** 30)).toBeUndefined()
    expect(commandLineOf(2 ** 30)).toBe('')
  })
})
