import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startServer } from './server.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the README’s calls run as printed', async () => {
  const server = await startServer()
  const answered: string[] = []
  const scratch = mkdtempSync(join(tmpdir(), 'shop-'))
  const script = /```sh\n(SHOP=[\s\S]*?)```/.exec(readme)![1]!
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: scratch,
    env: { ...process.env, SHOP: server.url },
  })
  for (const line of stdout.split(/(?=\{"success")/)) if (line.startsWith('{')) answered.push(line)
  expect(answered.filter((line) => !line.startsWith('{"success":true'))).toEqual([])
  expect(answered).toHaveLength(21)
  expect(stdout).toContain('"type":"done"')
  rmSync(scratch, { recursive: true })
  await server.close()
})
