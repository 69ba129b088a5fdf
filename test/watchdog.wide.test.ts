import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

it('a test that loops for ever ends with its process, and its place is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchdog-'))
  try {
    const watchdog = JSON.stringify(join(root, 'scripts/watchdog.mjs'))
    writeFileSync(
      join(folder, 'vitest.config.mjs'),
      `export default { test: { globals: true, include: ['*.test.mjs'], setupFiles: [${watchdog}] } }`,
    )
    writeFileSync(
      join(folder, 'loops.test.mjs'),
      "it('loops', () => {\n  const spin = () => {\n    for (let n = 0; ; n++) if (n < 0) return\n  }\n  spin()\n})\n",
    )
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const { code, output } = await new Promise<{ code: unknown; output: string }>((settle) => {
      const env = { ...process.env, TEST_WATCHDOG_MS: '1000' }
      const args = [vitest, 'run', '--root', folder, '--config', join(folder, 'vitest.config.mjs')]
      execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
        settle({ code: error?.code, output: stdout + stderr }),
      )
    })
    expect(code).toBe(1)
    expect(output).toMatch(
      /A loop held a test process for 1 s of a processor:\n {2}at spin \(.*loops\.test\.mjs/,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
