import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startServer } from './server.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** Every shell that is here, of those that people paste into; bash is everywhere. */
const known: [string, ...string[]][] = [
  ['bash', '-euo', 'pipefail'],
  ['zsh', '-feuo', 'pipefail'],
]
const shells = known.filter(([shell]) => shell === 'bash' || spawnSync(shell, ['-c', 'true']).status === 0)

test.each(shells)('the README’s calls run as printed in %s', async (shell, ...flags) => {
  const server = await startServer()
  const answered: string[] = []
  const scratch = mkdtempSync(join(tmpdir(), 'shop-'))
  const printed = readme.slice(readme.indexOf('## Endpoints'))
  const script = [...printed.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join('')
  // A shell that one types into takes no comments in zsh.
  expect(script).not.toMatch(/(?:^|\s)#/)
  const { stdout } = await promisify(execFile)(shell, [...flags, '-c', script], {
    cwd: scratch,
    env: { ...process.env, SHOP: server.url },
  })
  for (const line of stdout.split(/(?=\{"success")/)) if (line.startsWith('{')) answered.push(line)
  expect(answered.filter((line) => !line.startsWith('{"success":true'))).toEqual([])
  expect(answered).toHaveLength(22)
  expect(stdout).toContain('"type":"done"')
  rmSync(scratch, { recursive: true })
  await server.close()
})
