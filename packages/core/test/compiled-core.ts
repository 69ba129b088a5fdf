import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The core as JavaScript, for processes of their own: Node cannot run sources. */
export interface CompiledCore {
  /** Runs a script, which finds modules of the core by `load('context/window.js')`, and gives the JSON it prints last. */
  run<T>(script: string, nodeOptions?: readonly string[]): Promise<T>
  remove(): void
}

export async function compileCore(): Promise<CompiledCore> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  // Inside the package, so that its dependencies are found from there.
  const outDir = mkdtempSync(join(cache, 'compiled-'))
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const args = ['-p', join(root, 'tsconfig.build.json'), '--outDir', outDir]
  await run(process.execPath, [join(typescript, 'bin/tsc'), ...args])
  const base = pathToFileURL(join(outDir, '/')).href
  return {
    async run<T>(script: string, nodeOptions: readonly string[] = []) {
      const source = `const load = (name) => import(${JSON.stringify(base)} + name)\n${script}`
      const given = [...nodeOptions, '--input-type=module', '-e', source]
      const { stdout } = await run(process.execPath, given, { maxBuffer: 1 << 24 })
      return JSON.parse(stdout.trim().split('\n').at(-1)!) as T
    },
    remove: () => rmSync(outDir, { recursive: true, force: true }),
  }
}
