import { spawn, type ChildProcess } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { childrenOf, findProcess, isAlive } from '../../src/process/process-table.js'
import { asker, endTree, freezeTree, killTree, signal, thawTree } from '../../src/process/process-tree.js'
import { waitUntil } from '../../src/wait-until.js'

let parent: ChildProcess

// Each child leads a group of its own, as PostgreSQL's backends do.
async function startFamily(): Promise<number[]> {
  const child = "require('child_process').spawn('sleep', ['60'], { detached: true })"
  const script = `process.on('SIGINT', () => process.exit()); ${child}; ${child}; setInterval(() => {}, 1e6)`
  parent = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
  const children = await waitUntil(
    () => {
      const found = childrenOf(parent.pid!)
      return found.length === 2 && found
    },
    { what: 'two children' },
  )
  return [parent.pid!, ...children]
}

const statesOf = (tree: number[]): unknown[] => tree.map((pid) => findProcess(pid)?.state)

describe('a process tree', () => {
  afterEach(() => {
    killTree(parent.pid!)
  })

  it('is frozen and thawed whole', async () => {
    const tree = await startFamily()
    expect(freezeTree(parent.pid!)).toEqual(tree)
    expect(statesOf(tree)).toEqual(['stopped', 'stopped', 'stopped'])
    thawTree(parent.pid!)
    await waitUntil(() => statesOf(tree).every((state) => state === 'running'), { what: 'all to go on' })
  })

  it('is killed whole, frozen or not', async () => {
    const tree = await startFamily()
    freezeTree(parent.pid!)
    expect(killTree(parent.pid!)).toEqual(tree)
    await waitUntil(() => !tree.some(isAlive), { what: 'all to be gone' })
  })

  it('ends when asked, before endTree returns', async () => {
    const [pid, ...children] = await startFamily()
    freezeTree(pid!)
    endTree(pid!)
    expect(isAlive(pid!)).toBe(false)
    for (const child of children) signal(child, 'SIGKILL')
  })

  it('is asked again when it did not listen the first time', async () => {
    const script =
      "let n = 0; process.on('SIGINT', () => { n += 1; if (n === 2) process.exit() }); console.log()"
    parent = spawn(process.execPath, ['-e', `${script}; setInterval(() => {}, 1e6)`])
    await new Promise((ready) => parent.stdout!.once('data', ready))
    const ask = asker(parent.pid!)
    const isGone = (): boolean => {
      ask()
      return !isAlive(parent.pid!)
    }
    await waitUntil(isGone, { what: 'it to end' })
  })

  it('may be gone already', () => {
    expect(() => signal(2 ** 30, 'SIGTERM')).not.toThrow()
  })
})
