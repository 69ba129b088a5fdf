// Every mistake that Stryker makes in a file, against the tests that are about this file: see test-mutants.mjs.
// Nearly every test loads nearly every file. So test/mutants/tests.json names the tests of a file; those of a file that
// it does not name are in the folder of the same name.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, matchesGlob } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cache, pnpm, root, run, step } from './setup.mjs'

const folder = join(root, 'test', 'mutants')
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const require = createRequire(join(folder, 'package.json'))

/** Installs Stryker, unless it is installed as its lockfile says: nothing else needs its packages. */
export async function installStryker() {
  const lock = readFileSync(join(folder, 'pnpm-lock.yaml'), 'utf8')
  const stamp = join(folder, 'node_modules', '.installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  await step('installing Stryker', async () => {
    const [command, ...args] = await pnpm()
    const options = ['--ignore-workspace', '--frozen-lockfile', '--config.auto-install-peers=false']
    await run(command, [...args, 'install', ...options], { cwd: folder, quiet: true })
    writeFileSync(stamp, lock)
  })
}

/** The sources that a pattern names. @param {string} pattern */
export function sourcesOf(pattern) {
  const [home] = /^packages\/[a-z-]+/.exec(pattern)
  return readdirSync(join(root, home, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => `${home}/src/${name}`)
    .filter((file) => file.endsWith('.ts') && matchesGlob(file, pattern))
    .sort()
}

/** The tests of a source, as patterns within its package. @param {string} file */
export function testsOf(file) {
  const named = read('tests.json')[file]
  if (named !== undefined) return named.map((name) => `test/${name}.test.ts`)
  const [, home, path] = /^(packages\/[a-z-]+)\/src\/(.+)\.ts$/.exec(file)
  const room = dirname(path)
  if (existsSync(join(root, home, 'test', `${path}.test.ts`))) return [`test/${path}.test.ts`]
  if (existsSync(join(root, home, 'test', room))) return [`test/${room}/**/*.test.ts`]
  return ['test/**/*.test.ts']
}

/**
 * Tries every mistake in one file. Gives `{ isKilled, text }` of each that is not equivalent, and what the list of
 * equivalent ones says of the file that Stryker does not make.
 */
export async function tryFile(file, project) {
  const { Stryker } = await import(pathToFileURL(require.resolve('@stryker-mutator/core')).href)
  process.env.MUTANTS_PROJECT = project
  process.env.MUTANTS_TESTS = testsOf(file).join(' ')
  const stryker = new Stryker({
    mutate: [file],
    plugins: [pathToFileURL(require.resolve('@stryker-mutator/vitest-runner')).href],
    testRunner: 'vitest',
    // The tests are named: what is related to a file is nearly every test.
    vitest: { configFile: 'vitest.mutants.config.ts', related: false },
    coverageAnalysis: 'perTest',
    concurrency: Math.max(1, Math.floor(availableParallelism() / 2)),
    // Endless loops are counted. Whatever else takes as long waits for what does not come, even on a busy machine.
    timeoutMS: 10_000,
    incremental: true,
    incrementalFile: join(cache, 'mutants', `${file.replaceAll(/[^A-Za-z0-9-]+/g, '-')}.json`),
    reporters: ['progress-append-only'],
    logLevel: 'warn',
    ignorePatterns: ['apps', '**/dist', '**/.next', '.turbo', 'test/mutants/node_modules'],
    tempDirName: join('node_modules', '.cache', 'sessions', 'stryker'),
    // There is none: Stryker asks TypeScript for its own copy of a configuration in a way that TypeScript 7 has not.
    tsconfigFile: 'none.json',
    allowConsoleColors: false,
  })
  const code = readFileSync(join(root, file), 'utf8')
  const equivalent = read('equivalent.json').filter((one) => one.file === file)
  const used = new Set()
  const outcomes = []
  for (const mutant of await stryker.runMutationTest()) {
    const { mutatorName, status } = mutant
    if (status === 'Ignored' || status === 'CompileError') continue
    const { line, from, to } = textsOf(code, mutant)
    // An error outside of a test, as when a file cannot be loaded, fails a run, too.
    const isKilled = ['Killed', 'Timeout', 'RuntimeError'].includes(status)
    const known = equivalent.find((one) => one.from === from && one.to === to)
    if (known !== undefined) used.add(known)
    if (!isKilled && known !== undefined) continue
    outcomes.push({ isKilled, text: `${status}  ${file}:${line} ${mutatorName}\n    - ${from}\n    + ${to}` })
  }
  return { outcomes, stale: equivalent.filter((one) => !used.has(one)) }
}

/** The lines of a mistake before it and after it. */
function textsOf(code, { location, replacement }) {
  const lines = code.split('\n')
  const { start, end } = location
  const first = lines[start.line - 1]
  const last = lines[end.line - 1]
  const from = lines
    .slice(start.line - 1, end.line)
    .join('\n')
    .trim()
  const to = `${first.slice(0, start.column - 1)}${replacement}${last.slice(end.column - 1)}`.trim()
  return { line: start.line, from, to }
}
