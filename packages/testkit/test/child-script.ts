import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { waitUntil } from '../src/index.js'

/** Runs scripts over our sources in processes of their own, which Node alone cannot: they are TypeScript. */
export interface ScriptRunner {
  /** Starts a script, which finds our exports in `testkit`, and waits for the JSON it prints. */
  run<T>(script: string): Promise<{ child: ChildProcess; printed: T }>
  close(): void
}

export function createScriptRunner(): ScriptRunner {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  // Inside the package, so that its dependencies are found from there.
  const outDir = mkdtempSync(join(cache, 'compiled-'))
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const args = ['-p', join(root, 'tsconfig.build.json'), '--outDir', outDir]
  execFileSync(process.execPath, [join(typescript, 'bin/tsc'), ...args])
  const index = pathToFileURL(join(outDir, 'index.js')).href
  const children: ChildProcess[] = []
  return {
    async run<T>(script: string) {
      const source = `import * as testkit from ${JSON.stringify(index)}\n${script}`
      const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(child)
      let output = ''
      child.stdout.on('data', (bytes: Buffer) => {
        output += bytes.toString()
      })
      await waitUntil(() => output.endsWith('\n') || child.exitCode !== null, {
        what: 'the script to print its line',
      })
      return { child, printed: JSON.parse(output) as T }
    },
    close() {
      for (const child of children) child.kill('SIGKILL')
      rmSync(outDir, { recursive: true, force: true })
    },
  }
}
