// The whole check: install, types, lint, format, tests against real servers. The last line counts the tests.
//   npm test, or npm run test:wide for the tests on Valkey and PgBouncer, which not every system has
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { childEnv, install, root, run, step, turbo } from './setup.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)
const report = join(root, 'node_modules', '.cache', 'sessions', 'test-report.json')
const wide = process.argv[2] === '--wide'
const only = wide
  ? ['--project=testkit', '--project=store-*', ...process.argv.slice(3)]
  : process.argv.slice(2)
let failedSteps = 0

async function check(name, work) {
  await step(name, work).catch((error) => {
    failedSteps++
    console.error(error.message)
  })
}

await install()
if (only.length === 0) {
  await check('checking types', async () => {
    await turbo(['run', 'typecheck', '--output-logs=errors-only'], { quiet: true })
    await run(bin('tsc'), ['-p', 'tsconfig.json'], { quiet: true })
  })
  await check('linting', () => run(bin('oxlint'), ['--type-aware', '--quiet'], { quiet: true }))
  await check('checking the format', () => run(bin('oxfmt'), ['--check'], { quiet: true }))
}

mkdirSync(join(report, '..'), { recursive: true })
rmSync(report, { force: true })
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const exitCode = await new Promise((resolve) => {
  spawn(bin('vitest'), ['run', ...reporters, ...only], {
    cwd: root,
    env: childEnv({ TEST_SERVERS: wide ? 'wide' : '' }),
    stdio: 'inherit',
  })
    .on('close', resolve)
    .on('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
})

let passed = 0
let failed = failedSteps
try {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  passed = result.numPassedTests
  failed += result.numFailedTests
  const skipped = result.numPendingTests + result.numTodoTests
  if (skipped > 0) console.error(`${skipped} tests were skipped; none may be.`)
  failed += skipped
} catch {
  console.error('The test runner left no report.')
}
// A run that failed outside of any test (a suite that did not load, an unhandled rejection) has failed too.
if (exitCode !== 0 && failed === 0) failed = 1
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
