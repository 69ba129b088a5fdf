import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { afterEach, expect, it } from 'vitest'

const script = resolve(import.meta.dirname, '../scripts/one-at-a-time.mjs')
const name = `a checkout of process ${process.pid}`
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that works, when its turn comes, until its input ends. */
function worker(of = name) {
  const code = `import { oneAtATime } from ${JSON.stringify(script)}
await oneAtATime(${JSON.stringify(of)}, async () => {
  console.log('works')
  for await (const _ of process.stdin);
})
console.log('is done')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code])
  children.push(child)
  let said = ''
  const says = async (text: string): Promise<void> => {
    while (!said.includes(text)) {
      const [data] = await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')])
      said += String(data)
    }
  }
  return { child, says, said: () => said }
}

// Elsewhere than on Linux there is no lock that a killed process cannot leave behind.
it.runIf(process.platform === 'linux')(
  'waits for a process that builds, and goes on when that has ended or was killed',
  async () => {
    const first = worker()
    await first.says('works')
    const second = worker()
    await second.says('another process installs or builds here')
    expect(second.said()).not.toContain('works')
    first.child.stdin.end()
    await first.says('is done')
    await second.says('works')
    const third = worker()
    await third.says('another process installs or builds here')
    expect(third.said()).not.toContain('works')
    second.child.kill('SIGKILL')
    await third.says('works')
  },
)

it('waits for nobody who works elsewhere', async () => {
  const first = worker()
  await first.says('works')
  const other = worker(`${name}, another`)
  await other.says('works')
  expect(first.said()).not.toContain('is done')
})
