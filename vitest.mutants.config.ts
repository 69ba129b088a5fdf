import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { projects } from './scripts/test-projects.mjs'

// Which tests run against which mistake: scripts/test-mutants.mjs says so.
const project = projects[process.env['MUTANTS_PROJECT'] ?? 'core']
const edit = process.env['MUTANT_EDIT']
// For Stryker: see scripts/stryker.mjs.
const tests = process.env['MUTANTS_TESTS']

/** Makes one mistake in a file as it is loaded, so that no file is touched. */
function mistaken(text: string): Plugin {
  const { file, from, to } = JSON.parse(text) as { file: string; from: string; to: string }
  const path = join(import.meta.dirname, file)
  return {
    name: 'mistaken',
    enforce: 'pre',
    load(id) {
      if (id.split('?')[0] !== path) return undefined
      const code = readFileSync(path, 'utf8')
      return code.replace(from, () => to)
    },
  }
}

/** Stryker counts tests that failed, and a file that cannot be loaded has none: this makes a failure of it. */
class LoadFailures implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest) {
    this.#vitest = vitest
  }

  onTestModuleEnd(module: TestModule) {
    for (const { message } of module.errors())
      this.#vitest?.state.catchError(new Error(message), 'Unhandled Error')
  }
}

export default defineConfig({
  plugins: edit === undefined ? [] : [mistaken(edit)],
  resolve: { conditions: ['@sessions/source', 'module', 'node', 'development|production'] },
  ssr: {
    resolve: {
      conditions: ['@sessions/source', 'module', 'node', 'development|production'],
      externalConditions: ['@sessions/source', 'node'],
    },
  },
  test: {
    root: project?.root ?? '.',
    include: tests?.split(' ') ?? ['test/**/*.test.ts'],
    exclude: ['**/*.wide.test.ts', '**/node_modules/**'],
    isolate: false,
    ...(tests === undefined ? {} : { reporters: [new LoadFailures()] }),
    // Stryker's own file says before each test file which mistake is made. From a folder of node_modules Node would load
    // it, and that once.
    server: { deps: { inline: [/stryker-setup/] } },
    setupFiles: [join(import.meta.dirname, 'scripts/watchdog.mjs')],
    // To run with the changes of a mutant takes longer, and other mutants are tested at the same time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
